# SPDX-License-Identifier: BSD-2-Clause
# fish completion for begat: `begat --complete WORD...` says what can come, this shows it.

function __begat_complete
	set -l words (commandline -opc) (commandline -ct)
	set -l typed $words[-1]
	set -l answer (begat --complete $words[2..-1] 2>/dev/null)
	# What is ahead of the value in the same word stays.
	set -l ahead (string match -r -- '^(?:--[a-z-]+=|-[a-z](?=.))' $typed)
	set -l value (string sub -s (math (string length -- "$ahead") + 1) -- $typed)
	switch "$answer[1]"
		case :files
			printf '%s\n' "$ahead"(__fish_complete_path $value)
		case :recordings
			set -l all (__fish_complete_path $value)
			set -l some (string match -r -- '^[^\t]*(?:/|\.db[^/\t]*)(?:\t.*)?$' $all)
			test -n "$some"; or set some $all
			printf '%s\n' "$ahead"$some
		case :users
			printf '%s\n' "$ahead"(__fish_complete_users)
		case :pids
			printf '%s\n' "$ahead"(__fish_complete_pids)
		case ':command *'
			set -l place (string replace ':command ' '' $answer[1])
			set -l rest $words[(math $place + 2)..-1]
			complete -C (string join ' ' -- (string escape -- $rest[1..-2]) $rest[-1])
		case '*'
			printf '%s\n' $answer
	end
end

complete -c begat -f -a '(__begat_complete)'
