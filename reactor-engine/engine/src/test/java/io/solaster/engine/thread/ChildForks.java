package io.solaster.engine.thread;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.TimeUnit;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engine;

/** Forks in a process of its own: the first to read from a socket there. */
final class ChildForks {

    private ChildForks() {}

    public static void main(String[] args) throws Exception {
        EngineConfig config = EngineConfig.defaults().withTransport(Transport.NIO).withPinning(Pinning.NEVER);
        try (Engine engine = Engine.start(config)) {
            System.out.println("read " + engine.shard(0).fork(ChildForks::readFromSocket).future()
                    .get(60, TimeUnit.SECONDS));
        } catch (IllegalStateException e) {
            System.out.println("refused: " + e.getMessage());
            return;
        }
        Thread afterwards = Thread.startVirtualThread(() -> System.out.println("afterwards " + readFromSocket()));
        afterwards.join();
    }

    private static int readFromSocket() {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
                Socket accepted = server.accept()) {
            client.setSoTimeout(60_000);
            Thread.ofVirtual().start(() -> {
                try {
                    Thread.sleep(1);
                    accepted.getOutputStream().write(7);
                } catch (java.io.IOException | InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            return client.getInputStream().read();
        } catch (java.io.IOException e) {
            throw new AssertionError(e);
        }
    }
}
