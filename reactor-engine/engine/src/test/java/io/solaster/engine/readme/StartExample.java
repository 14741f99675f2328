package io.solaster.engine.readme;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.solaster.config.EngineConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.Sharded;
import io.solaster.engine.net.TcpServer;

/** An engine, instances on its shards, a server and a message. */
final class StartExample {

    private StartExample() {}

    static String run() {
        EngineConfig config = EngineConfig.defaults();
        try (Engine engine = Engine.start(config)) {
            // One instance a shard, each touched by its own thread only.
            Sharded<List<String>> visits = engine.sharded(shard -> new ArrayList<>());

            // A TCP server that accepts on every shard; a connection lives and dies on one of them.
            TcpServer server = TcpServer.bind(engine, "hello", ServerConfig.of("hello", 0), (shard, channel) -> {
                visits.local().add(channel.remoteAddress().toString());
                channel.writeAndFlush(channel.alloc().buffer().writeBytes("hello\n".getBytes()));
            });
            engine.onStop(server::close);

            // The one verb for running something on a shard. The answer comes home to whoever asked.
            int last = engine.shards().size() - 1;
            CompletableFuture<String> answer = visits.on(last, list -> {
                list.add("a message");
                return "shard " + Shard.current().id() + " counted " + list.size();
            });
            return answer.join();
        }
    }
}
