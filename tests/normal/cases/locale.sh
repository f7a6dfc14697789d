# locale and time zone
# needs: python3
locale charmap | grep -q UTF-8; printf 'ä' | wc -m | grep -q 1; date +%Z >/dev/null; TZ=America/New_York date +%Z | grep -q '^E[DS]T$'
python3 -c 'import zoneinfo; zoneinfo.ZoneInfo("Europe/Berlin")'; python3 -c 'print("ü")' | grep -q ü; sort -V /dev/null; LC_ALL=C sort /dev/null
