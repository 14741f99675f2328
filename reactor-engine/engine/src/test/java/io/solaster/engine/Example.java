package io.solaster.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.solaster.config.EngineConfig;
import io.solaster.config.ServerConfig;
import io.solaster.engine.net.TcpServer;

/** The README's example. */
final class Example {

    private Example() {}

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
