#!/bin/bash
# An AGI: answers the tool ask_agi.
while read -r line && [[ -n $line ]]; do :; done
echo 'GET VARIABLE VOICE_TOOL_ARG_question'
read -r answer
echo "SET VARIABLE VOICE_TOOL_RESULT \"{\\\"result\\\":\\\"AGI was asked: ${answer#*(}\\\"}\""
read -r _
