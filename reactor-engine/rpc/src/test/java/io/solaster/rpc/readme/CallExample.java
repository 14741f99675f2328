package io.solaster.rpc.readme;

import java.net.InetSocketAddress;
import java.time.Duration;

import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.ShardFuture;
import io.solaster.rpc.RpcCodec;
import io.solaster.rpc.RpcLimits;
import io.solaster.rpc.RpcMethod;
import io.solaster.rpc.RpcOptions;
import io.solaster.rpc.RpcService;
import io.solaster.rpc.client.RpcClient;
import io.solaster.rpc.server.RpcServer;

final class CallExample {
    private CallExample() {}

    static ShardFuture<String> greet(Engine serving, Engine calling) {
        // Both sides name a method, and how its messages become bytes.
        RpcMethod<String, String> greet = RpcMethod.unary("hall.greet", RpcCodec.TEXT, RpcCodec.TEXT);

        RpcService hall = RpcService.builder()
                .permits(1_000) // that a shard serves at a time; one more is refused at once
                .forked(greet, (call, name) -> "Hello, " + name) // straight-line code, which may wait
                .build();
        RpcServer server = RpcServer.bind(serving, "hall", ServerConfig.of("rpc", 0), RpcLimits.DEFAULTS, hall);

        RpcClient client = RpcClient.of(calling, new InetSocketAddress("127.0.0.1", server.port()), RpcLimits.DEFAULTS);
        ShardFuture<String> answer = client.call(greet, "Ada", RpcOptions.within(Duration.ofSeconds(1)));
        return answer;
    }
}
