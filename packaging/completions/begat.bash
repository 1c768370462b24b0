# SPDX-License-Identifier: BSD-2-Clause
# bash completion for begat: `begat --complete WORD...` says what can come, this shows it.

_begat()
{
	local cur=${COMP_WORDS[COMP_CWORD]} i line rest
	local -a words=() places=() answer=()
	COMPREPLY=()

	# bash takes "--format=json" for three words: begat gets one.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		if [[ ${#words[@]} -gt 0 && ${words[-1]} == --* &&
			( ${COMP_WORDS[i]} == = || ${words[-1]} == *= ) ]]; then
			words[-1]+=${COMP_WORDS[i]}
		else
			words+=("${COMP_WORDS[i]}")
			places+=("$i")
		fi
	done
	[[ $cur != = ]] || cur=

	mapfile -t answer < <(begat --complete "${words[@]}" 2>/dev/null)
	case ${answer[0]-} in
	:files) _begat_files "$cur" '*' ;;
	:recordings) _begat_files "$cur" '*.db*' ;;
	:users) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
	:pids) mapfile -t COMPREPLY < <(compgen -W "$(cd /proc && echo [0-9]*)" -- "$cur") ;;
	:command*)
		i=${places[${answer[0]#:command }]-$COMP_CWORD}
		if declare -F _comp_command_offset >/dev/null; then
			_comp_command_offset "$i"
		elif declare -F _command_offset >/dev/null; then
			_command_offset "$i"
		elif [[ $i == "$COMP_CWORD" ]]; then
			mapfile -t COMPREPLY < <(compgen -c -- "$cur")
		else
			_begat_files "$cur" '*'
		fi
		;;
	*)
		for line in "${answer[@]}"; do
			rest=${line%%$'\t'*}
			# What is ahead of "=" is not replaced.
			[[ $rest != --*=* ]] || [[ $COMP_WORDBREAKS != *=* ]] || rest=${rest#*=}
			COMPREPLY+=("$rest")
		done
		;;
	esac
}

# Files that match $2, or else all, and folders.
_begat_files()
{
	local file
	compopt -o filenames 2>/dev/null
	while IFS= read -r file; do
		# shellcheck disable=SC2053 # a pattern
		[[ -d $file || ${file##*/} == $2 ]] && COMPREPLY+=("$file")
	done < <(compgen -f -- "$1")
	[[ ${#COMPREPLY[@]} -gt 0 ]] || mapfile -t COMPREPLY < <(compgen -f -- "$1")
}
complete -F _begat begat
