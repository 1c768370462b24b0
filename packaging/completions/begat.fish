# SPDX-License-Identifier: BSD-2-Clause
# fish completion for begat. Commands and options come from begat's own help: nothing to keep in step.

function __begat_commands
	begat --help 2>/dev/null | string replace -rf '^  ([a-z]+) +([a-z].*)$' '$1\t$2'
end

function __begat_options
	set -l words (commandline -opc)
	test (count $words) -ge 2; or return
	begat $words[2] --help 2>/dev/null |
		string replace -rf '^ .*(--[a-z-]+)\S*(?: [A-Z]+)? +(.*)$' '$1\t$2'
end

function __begat_after
	contains -- (commandline -opc)[-1] $argv
end

complete -c begat -f
complete -c begat -n __fish_use_subcommand -a '(__begat_commands)'
complete -c begat -n 'not __fish_use_subcommand; and string match -q -- "-*" (commandline -ct)' -a '(__begat_options)'
complete -c begat -n '__begat_after --format' -a 'text json'
complete -c begat -n '__begat_after --latency' -a 'low balanced batch'
complete -c begat -n '__begat_after --backend' -a 'kprobe tracepoint lifecycle'
complete -c begat -n '__begat_after --transport' -a 'ringbuf perfbuf'
complete -c begat -n '__begat_after -e --events' -a 'fork exec exec_failed exit snapshot all'
complete -c begat -n '__begat_after -u --user' -a '(__fish_complete_users)'
complete -c begat -n '__begat_after -p --pid' -a '(__fish_complete_pids)'
complete -c begat -n '__begat_after -o --output --record -b --base --budget' -F
complete -c begat -n '__fish_seen_subcommand_from show report export diff' -F
complete -c begat -n '__fish_seen_subcommand_from bench' -a 'latency storm hooks memory idle'
complete -c begat -n '__begat_after -t --to' -a 'perfetto chrome folded dot ndjson csv ecs otel'
complete -c begat -n '__fish_seen_subcommand_from run record' -a '(__fish_complete_subcommand)'
