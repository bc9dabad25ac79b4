#!/usr/bin/env bash
# Writes the configuration of an Asterisk that lives in one folder and touches nothing else.
#
#   scripts/asterisk/configure.sh RUN [--sip-port N] [--rtp-port N] [--dialplan FILE]... [--websocket-client FILE]...
#                                     [--module FILE.so]... [--conf FILE.conf]... [--manager-port N] [--ari-port N]
#
# RUN/etc       the configuration; calls by SIP over UDP on 127.0.0.1 reach the context [lab], whatever their codec
# RUN/log/full  what Asterisk logged
# --dialplan    an extensions.conf, as a user would write it; its context [lab] takes the calls
# --websocket-client  a websocket_client.conf
# --module      a module of one's own; it is loaded like Asterisk's
# --conf        a file for RUN/etc, under its own name
# --manager-port  the manager interface on 127.0.0.1: user lab, secret lab
# --ari-port    ARI over HTTP on 127.0.0.1: user lab, password lab
#
# Several of them can run at once: every port, socket and folder is the run's own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

run=${1:?usage: configure.sh RUN [options]; see the head of this file}
shift
sip_port=15060 rtp_port=20000 dialplans=() clients=() modules=() confs=() manager_port= ari_port=
while (($#)); do
  case $1 in
    --sip-port) sip_port=$2 ;;
    --rtp-port) rtp_port=$2 ;;
    --dialplan) dialplans+=("$2") ;;
    --websocket-client) clients+=("$2") ;;
    --module) modules+=("$2") ;;
    --conf) confs+=("$2") ;;
    --manager-port) manager_port=$2 ;;
    --ari-port) ari_port=$2 ;;
    *) echo "configure: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done

tree=$(scripts/asterisk/fetch.sh)
mkdir -p "$run"/{etc,lib,spool,run,log,cache,modules}
run=$(realpath "$run")
echo "$tree" > "$run/tree"
echo "$sip_port" > "$run/sip-port"
etc=$run/etc

# A Unix socket's path has 107 characters at most; a folder may be deeper.
control=$run/run
if ((${#control} > 90)); then
  control=$(mktemp -d)
  echo "$control" > "$run/control-folder"
fi

cat > "$etc/asterisk.conf" << END
[directories]
astetcdir => $etc
astmoddir => $run/modules
astvarlibdir => $run/lib
astdbdir => $run/lib
astkeydir => $run/lib
astdatadir => $tree/usr/share/asterisk
astagidir => $run/lib
astspooldir => $run/spool
astrundir => $control
astlogdir => $run/log
astcachedir => $run/cache
astsbindir => $tree/usr/sbin
[options]
verbose = 4
documentation_language = en_US
END

ln -sfn "$tree"/usr/lib/*-linux-gnu/asterisk/modules/*.so "$run/modules/"
loaded=(
  res_sorcery_astdb res_timing_timerfd pbx_config
  app_dial app_echo app_playback app_record app_stack app_verbose app_mixmonitor app_senddtmf app_system app_transfer
  app_userevent res_speech res_agi app_audiosocket
  res_audiosocket chan_audiosocket res_http_websocket res_websocket_client chan_websocket
  func_callerid func_channel func_global func_logic func_strings func_uri func_uuid func_math func_curl res_curl res_clioriginate
  bridge_simple bridge_native_rtp bridge_softmix bridge_holding bridge_builtin_features
  codec_ulaw codec_alaw codec_g722 codec_opus_open_source res_format_attr_opus codec_resample format_wav format_pcm format_sln
  res_rtp_asterisk res_pjproject res_pjsip res_pjsip_session res_pjsip_pubsub res_pjsip_sdp_rtp res_pjsip_caller_id
  res_pjsip_rfc3326 res_pjsip_refer res_pjsip_nat res_pjsip_dtmf_info res_pjsip_logger res_pjsip_header_funcs
  res_pjsip_endpoint_identifier_ip chan_pjsip)
if [[ -n $ari_port ]]; then
  loaded+=(res_stasis res_stasis_answer res_stasis_device_state res_ari res_ari_model res_ari_events app_stasis)
fi
{
  printf '[modules]\nautoload = no\npreload-require = res_sorcery_config.so\npreload-require = res_sorcery_memory.so\n'
  for module in "${loaded[@]}"; do
    # Not every version has all of them.
    [[ -e $run/modules/$module.so ]] && echo "load = $module.so"
  done
  for module in ${modules[@]+"${modules[@]}"}; do
    ln -sfn "$(realpath "$module")" "$run/modules/"
    echo "load = $(basename "$module")"
  done
} > "$etc/modules.conf"

cat > "$etc/pjsip.conf" << END
[global]
type = global
endpoint_identifier_order = ip
[udp]
type = transport
protocol = udp
bind = 127.0.0.1:$sip_port
[lab]
type = endpoint
transport = udp
context = lab
disallow = all
allow = slin16,g722,opus,ulaw,alaw
direct_media = no
dtmf_mode = rfc4733
aors = lab
[lab]
type = aor
max_contacts = 10
; Calls out, to a telephone that has G.722 alone.
[g722]
type = endpoint
transport = udp
context = lab
disallow = all
allow = g722
direct_media = no
; The same with Opus.
[opus]
type = endpoint
transport = udp
context = lab
disallow = all
allow = opus
direct_media = no
[lab]
type = identify
endpoint = lab
match = 127.0.0.0/8
END

for file in ${dialplans[@]+"${dialplans[@]}"}; do cat "$file"; echo; done > "$etc/extensions.conf"
for file in ${clients[@]+"${clients[@]}"}; do cat "$file"; echo; done > "$etc/websocket_client.conf"
printf '[general]\nrtpstart = %s\nrtpend = %s\nstrictrtp = no\n' "$rtp_port" "$((rtp_port + 399))" > "$etc/rtp.conf"
printf '[general]\n[logfiles]\nfull => notice,warning,error,verbose\n' > "$etc/logger.conf"
if [[ -n $ari_port ]]; then
  printf '[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = %s\n' "$ari_port" > "$etc/http.conf"
  printf '[general]\nenabled = yes\n[lab]\ntype = user\npassword = lab\n' > "$etc/ari.conf"
else
  printf '[general]\nenabled = no\n' > "$etc/http.conf"
fi
{
  if [[ -n $manager_port ]]; then
    printf '[general]\nenabled = yes\nbindaddr = 127.0.0.1\nport = %s\n' "$manager_port"
    printf '[lab]\nsecret = lab\nread = call,user,dialplan\nwrite = all\nwritetimeout = 5000\n'
  else
    printf '[general]\nenabled = no\n'
  fi
} > "$etc/manager.conf"
for file in ${confs[@]+"${confs[@]}"}; do cp "$file" "$etc/"; done
for name in features ccss cel cdr stasis pjproject udptl codecs; do
  printf '[general]\n' > "$etc/$name.conf"
done
printf '[global]\ntype = global\n' > "$etc/chan_websocket.conf"
printf '[general]\ncountry = us\n[us]\ndescription = US\nringcadence = 2000,4000\nbusy = 480+620/500,0/500\n' > "$etc/indications.conf"
: > "$etc/acl.conf"
echo "$run"
