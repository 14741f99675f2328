package io.solaster.benchmarks.rpc;

import java.io.IOException;
import java.util.Locale;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.rpc.RpcCodec;
import io.solaster.rpc.RpcLimits;
import io.solaster.rpc.RpcMethod;
import io.solaster.rpc.RpcService;
import io.solaster.rpc.server.RpcServer;

/**
 * An echo over lanes, on one shard: {@code RpcHost port transport}. The end of standard input ends it.
 */
public final class RpcHost {
    static final RpcMethod<byte[], byte[]> ECHO = RpcMethod.unary("echo", RpcCodec.BYTES, RpcCodec.BYTES);

    private RpcHost() {}

    public static void main(String[] args) throws IOException {
        Engine engine = Engine.start(EngineConfig.defaults().withShards(1)
                .withTransport(Transport.valueOf(args[1].toUpperCase(Locale.ROOT))));
        RpcService service = RpcService.builder().direct(ECHO, (request, answer) -> answer.writeBytes(request)).build();
        RpcServer.bind(engine, "echo", ServerConfig.of("rpc", Integer.parseInt(args[0])), RpcLimits.DEFAULTS, service);
        while (System.in.read() >= 0) {
            // Until whoever has started this ends.
        }
        engine.close();
    }
}
