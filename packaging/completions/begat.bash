# SPDX-License-Identifier: BSD-2-Clause
# bash completion for begat. Commands and options come from begat's own help: nothing to keep in step.

_begat()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} i words=
	COMPREPLY=()

	if [ "$COMP_CWORD" -eq 1 ]; then
		words=$(begat --help 2>/dev/null | sed -n 's/^  \([a-z]\{1,\}\)  *[a-z].*/\1/p')
		COMPREPLY=($(compgen -W "$words help --help --version" -- "$cur"))
		return
	fi
	if [ "${COMP_WORDS[1]}" = run ] || [ "${COMP_WORDS[1]}" = record ]; then
		# After "--" or the first word that is no option it is another command's line.
		for ((i = 2; i < COMP_CWORD; i++)); do
			if [ "${COMP_WORDS[i]}" = -- ] && declare -F _command_offset >/dev/null; then
				_command_offset $((i + 1))
				return
			fi
		done
	fi
	case $prev in
	--columns) words="time event pid ppid user result after command uid exe cwd comm container_id" ;;
	--format) words="text json" ;;
	-t | --to) words="perfetto chrome folded dot ndjson csv ecs otel" ;;
	--latency) words="low balanced batch" ;;
	--backend) words="kprobe tracepoint lifecycle" ;;
	--transport) words="ringbuf perfbuf" ;;
	-e | --events) words="fork exec exec_failed exit snapshot all" ;;
	-u | --user) COMPREPLY=($(compgen -u -- "$cur")); return ;;
	-p | --pid) words=$(cd /proc && echo [0-9]*) ;;
	-o | --output | --record | -b | --base | --budget) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	help) words=$(begat --help 2>/dev/null | sed -n 's/^  \([a-z]\{1,\}\)  *[a-z].*/\1/p') ;;
	*)
		case $cur in
		-*) words=$(begat "${COMP_WORDS[1]}" --help 2>/dev/null |
			sed -n 's/^ .*\(--[a-z-]\{1,\}\).*/\1/p') ;;
		*)
			case ${COMP_WORDS[1]} in
			run | record) COMPREPLY=($(compgen -c -- "$cur")) ;;
			show | report | export | diff) COMPREPLY=($(compgen -f -- "$cur")) ;;
			bench) COMPREPLY=($(compgen -W "latency storm hooks memory idle" -- "$cur")) ;;
			esac
			return ;;
		esac ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _begat begat
