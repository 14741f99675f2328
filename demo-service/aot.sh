#!/usr/bin/env bash
# Unpacks the demo and trains an AOT cache for it: what the JVM has learnt in one start, the next ones need not.
#
#   ./aot.sh [DIRECTORY]          default: target/aot
#
# Then: DIRECTORY/run.sh [--solaster.engine.shards=4 ...]
# The cache fits the JDK, the garbage collector and the class path that it was trained with, and nothing else.
set -euo pipefail
cd "$(dirname "$0")"

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
directory=${1:-target/aot}
flags="--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow --add-opens=java.base/java.lang=ALL-UNNAMED -Xmx256m -XX:+UseSerialGC"

rm -rf "$directory"
"$java" -Djarmode=tools -jar target/solaster-demo.jar extract --destination "$directory"
cd "$directory"
# Ports of its own, so that it trains beside one that runs.
# shellcheck disable=SC2086
"$java" $flags -XX:AOTCacheOutput=app.aot -Dspring.context.exit=onRefresh -jar solaster-demo.jar \
    --solaster.servers.kv.port=0 --management.server.port=0 --server.port=0 >train.log 2>&1 || { cat train.log >&2; exit 1; }
[[ -s app.aot ]] || { cat train.log >&2; echo "no cache came of it" >&2; exit 1; }

cat >run.sh <<EOF
#!/usr/bin/env bash
cd "\$(dirname "\$0")"
exec "\${JAVA_HOME:+\$JAVA_HOME/bin/}java" $flags -XX:AOTCache=app.aot -jar solaster-demo.jar "\$@"
EOF
chmod +x run.sh
echo "$directory/run.sh starts with a cache of $(du -h app.aot | cut -f1)"
