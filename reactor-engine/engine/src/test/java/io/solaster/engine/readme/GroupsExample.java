package io.solaster.engine.readme;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.Unpooled;
import io.solaster.config.GroupConfig;
import io.solaster.config.GroupConfig.WhenFull;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Fork;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.SchedulingGroups;

/** Scheduling groups: a server in one, long work in another, limits, and shares that change. */
final class GroupsExample {

    private GroupsExample() {}

    record Result(TcpServer server, Fork<Long> sum, ShardFuture<String> sent) {}

    static Result run(Engine engine) {
        SchedulingGroups groups = engine.groups();
        // What its connections do is charged to 'critical', which has 1000 shares of each shard's time.
        ServerConfig config = ServerConfig.of("quotes", 0).withGroup("critical");
        TcpServer server = TcpServer.bind(engine, "quotes", config,
                (shard, channel) -> channel.writeAndFlush(Unpooled.copiedBuffer("42\n", US_ASCII)));
        engine.onStop(server::close);

        // Long work in 'background', which has 100. What it submits, arms and awaits is background work too.
        Fork<Long> sum = engine.shard(0).fork(groups.background(), () -> {
            long total = 0;
            for (int i = 0; i < 1_000_000; i++) {
                total += i;
                if (Shard.needPreempt()) {
                    Shard.yield(); // gives way to whoever has run less than its shares
                }
            }
            return total;
        });

        // A group of one's own: at most 1,000 tasks a second, and 100 that wait, on each shard.
        SchedulingGroup mail = groups.create("mail",
                GroupConfig.ofShares(50).withRateLimit(1_000).withMaxQueued(100, WhenFull.REJECT));
        ShardFuture<String> sent = engine.submitTo(1, CallOptions.in(mail),
                () -> "sent in " + Shard.current().currentGroup());

        // Shares and limits change at once, on every shard.
        groups.background().setShares(10);
        mail.update(mail.config().withRateLimit(0));
        return new Result(server, sum, sent);
    }
}
