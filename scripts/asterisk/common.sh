# Sourced by the scripts of this folder.
# shellcheck shell=bash

# asterisk_tree RUN: the unpacked Asterisk that the folder RUN was configured for.
asterisk_tree() { cat "$1/tree"; }

# asterisk_program RUN ARGUMENT...: runs Asterisk, or its console, with the libraries it was built with: those of this
# machine may be older.
asterisk_program() {
  local run=$1 tree
  tree=$(asterisk_tree "$run")
  shift
  local libraries=("$tree"/usr/lib/*-linux-gnu)
  "${libraries[0]}"/ld-linux-*.so.* --library-path "${libraries[0]}" "$tree/usr/sbin/asterisk" -C "$run/etc/asterisk.conf" "$@"
}

# asterisk_cli RUN COMMAND: what the console answers.
asterisk_cli() { asterisk_program "$1" -rx "$2" 2>&1; }
