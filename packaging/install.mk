# SPDX-License-Identifier: BSD-2-Clause
# `make install`, `make install-debug` and `make uninstall`. Included by the Makefile.
#
# PREFIX, LIBDIR, BINDIR, INCLUDEDIR, MANDIR, DOCDIR  where things are in use
# DESTDIR         where they are put now: a package's tree; "" = where they are in use
# INSTALL_STRIP=  keep the debug information in what is installed
# RPATH=          no search path in the command; a path: this one. The default is LIBDIR, and none
#                 where the dynamic linker looks anyway. A command with file capabilities (setcap)
#                 finds its libraries by an absolute path only.

DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/begat
DEBUGDIR ?= $(PREFIX)/lib/debug
COMPLETIONS := $(PREFIX)/share
INSTALL_STRIP ?= 1
STRIP ?= strip
OBJCOPY ?= objcopy

SYSTEM_LIBDIRS := /lib /lib64 /usr/lib /usr/lib64 /lib/%-linux-gnu /usr/lib/%-linux-gnu
# From the folder of the command, for a tree that was moved, then LIBDIR itself.
RPATH ?= $(if $(filter $(SYSTEM_LIBDIRS),$(LIBDIR)),,$$ORIGIN/$(shell realpath -m \
	--relative-to=$(BINDIR) $(LIBDIR)):$(abspath $(LIBDIR)))
TRACE_RPATH = $(if $(RPATH),$$ORIGIN)

# Linked anew: the build folder's own have that folder as their search path.
STAGED := $(BUILD)/install
LIBRARIES := libbegat libbegat-trace
DOCUMENTS := README.md CHANGELOG.md SECURITY.md LICENSE $(sort $(wildcard docs/*.md docs/*.json docs/*.c docs/*.yml docs/*.txt))
PICTURES := $(sort $(wildcard docs/pictures/*.png))
# Documents lie beside each other: links follow, and those to what is not installed become text.
INSTALLED_LINKS := s!(\]\(|")(\.\./)?docs/!\1!g; s!\]\(\.\./!](!g; \
	s!\[([^]]*)\]\(([^)]*/|[^)]*\.scd|CONTRIBUTING\.md)\)!\1!g
MAN_PAGES := $(patsubst docs/man/%.scd,%,$(sort $(wildcard docs/man/*.scd)))
rpath = $(if $(1),-Wl$(comma)-rpath$(comma)'$(1)')

##@ Installation: DESTDIR= PREFIX= LIBDIR= INSTALL_STRIP= RPATH=, see packaging/install.mk
## staged: the command and the libraries as they are installed, under build/install
staged: all
	@mkdir -p $(STAGED)
	$(link_command) $(if $(filter shared,$(LINK)),$(call rpath,$(RPATH))) -o $(STAGED)/begat
	$(call trace_shared,$(call rpath,$(TRACE_RPATH)) -o $(STAGED)/libbegat-trace.so.$(VERSION))
	cp $(BUILD)/libbegat.so $(STAGED)/libbegat.so.$(VERSION)

# PREFIX may differ from one call to the next.
## pc-files: what pkg-config reads, under build/install
pc-files:
	@mkdir -p $(STAGED)
	@for library in $(LIBRARIES); do \
		sed 's|@PREFIX@|$(PREFIX)|;s|@LIBDIR@|$(LIBDIR)|;s|@INCLUDEDIR@|$(INCLUDEDIR)|;s|@VERSION@|$(VERSION)|' \
			packaging/$$library.pc.in > $(STAGED)/$$library.pc || exit 1; \
	done

## install: the command, the libraries, headers, man pages, completions, documents
install: staged pc-files
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)/begat \
		$(DESTDIR)$(DOCDIR)/pictures $(DESTDIR)$(COMPLETIONS)/bash-completion/completions \
		$(DESTDIR)$(COMPLETIONS)/zsh/site-functions $(DESTDIR)$(COMPLETIONS)/fish/vendor_completions.d
	install -m 755 $(STAGED)/begat $(DESTDIR)$(BINDIR)/begat
	@# Not -s: it takes the strip of this machine, whatever ARCH is.
	$(if $(INSTALL_STRIP),$(STRIP) --strip-all $(DESTDIR)$(BINDIR)/begat)
	for library in $(LIBRARIES); do \
		shared=$(DESTDIR)$(LIBDIR)/$$library.so; \
		install -m 644 $(STAGED)/$$library.so.$(VERSION) $$shared.$(VERSION) && \
		ln -sf $$library.so.$(VERSION) $$shared.0 && ln -sf $$library.so.0 $$shared && \
		install -m 644 $(BUILD)/$$library.a $(DESTDIR)$(LIBDIR)/ && \
		$(if $(INSTALL_STRIP),$(STRIP) --strip-unneeded $$shared.$(VERSION) && \
			$(STRIP) --strip-debug $(DESTDIR)$(LIBDIR)/$$library.a &&) \
		install -m 644 $(STAGED)/$$library.pc $(DESTDIR)$(LIBDIR)/pkgconfig/ || exit 1; \
	done
	install -m 644 include/begat/*.h $(DESTDIR)$(INCLUDEDIR)/begat/
	install -m 644 packaging/completions/begat.bash $(DESTDIR)$(COMPLETIONS)/bash-completion/completions/begat
	install -m 644 packaging/completions/_begat $(DESTDIR)$(COMPLETIONS)/zsh/site-functions/
	install -m 644 packaging/completions/begat.fish $(DESTDIR)$(COMPLETIONS)/fish/vendor_completions.d/
	install -m 644 $(DOCUMENTS) $(DESTDIR)$(DOCDIR)/
	sed -E -i '$(INSTALLED_LINKS)' $(addprefix $(DESTDIR)$(DOCDIR)/,$(notdir $(filter %.md,$(DOCUMENTS))))
	install -m 644 $(PICTURES) $(DESTDIR)$(DOCDIR)/pictures/
	$(if $(SCDOC),for page in $(MAN_PAGES); do \
		folder=$(DESTDIR)$(MANDIR)/man$${page##*.}; \
		install -d $$folder && $(SCDOC) < docs/man/$$page.scd > $$folder/$$page || exit 1; \
	done,@echo 'no man pages: scdoc is missing (scripts/install-deps.sh docs)')
	@# The linker's list, if LIBDIR is one of its folders.
	@[ -n '$(DESTDIR)' ] || ! PATH=$$PATH:/sbin:/usr/sbin ldconfig -N -X -v 2>/dev/null | \
		grep -q '^$(LIBDIR):' || PATH=$$PATH:/sbin:/usr/sbin ldconfig || :

## install-debug: what strip takes away, where debuggers look for it by build id
install-debug: staged
	@for file in begat $(LIBRARIES:%=%.so.$(VERSION)); do \
		id=$$(readelf -n $(STAGED)/$$file | sed -n 's/.*Build ID: //p'); \
		rest=$${id#??}; folder=$(DESTDIR)$(DEBUGDIR)/.build-id/$${id%$$rest}; \
		[ -n "$$id" ] && install -d $$folder && \
		$(OBJCOPY) --only-keep-debug $(STAGED)/$$file $$folder/$$rest.debug && \
		chmod 644 $$folder/$$rest.debug || exit 1; \
	done

## uninstall: with the same variables, removes what install put there
uninstall:
	rm -f $(DESTDIR)$(BINDIR)/begat $(foreach l,$(LIBRARIES),$(addprefix $(DESTDIR)$(LIBDIR)/, \
		$(l).so $(l).so.0 $(l).so.$(VERSION) $(l).a pkgconfig/$(l).pc))
	rm -f $(addprefix $(DESTDIR)$(INCLUDEDIR)/begat/,$(notdir $(wildcard include/begat/*.h))) \
		$(addprefix $(DESTDIR)$(COMPLETIONS)/,bash-completion/completions/begat \
			zsh/site-functions/_begat fish/vendor_completions.d/begat.fish) \
		$(addprefix $(DESTDIR)$(DOCDIR)/,$(notdir $(DOCUMENTS)) $(PICTURES:docs/%=%)) \
		$(foreach page,$(MAN_PAGES),$(DESTDIR)$(MANDIR)/man$(lastword $(subst ., ,$(page)))/$(page))
	-rmdir $(DESTDIR)$(INCLUDEDIR)/begat $(DESTDIR)$(DOCDIR)/pictures $(DESTDIR)$(DOCDIR) 2>/dev/null

.PHONY: staged pc-files install install-debug uninstall
