package io.solaster.testkit.sim;

import java.util.ArrayDeque;

import org.jspecify.annotations.Nullable;

/** A listening socket, as the kernel of a machine keeps it. By whoever holds the baton. */
final class Listening {
    final int port;
    boolean besideOthers;
    private final int backlog;
    private final Runnable ready;
    private final ArrayDeque<Socket> arrived = new ArrayDeque<>();

    /** @param besideOthers whether others may listen on the same port: SO_REUSEPORT */
    Listening(int port, boolean besideOthers, int backlog, Runnable ready) {
        this.port = port;
        this.besideOthers = besideOthers;
        this.backlog = backlog;
        this.ready = ready;
    }

    boolean hasRoom() {
        return arrived.size() < backlog;
    }

    void accept(Socket connection) {
        arrived.add(connection);
        ready.run();
    }

    @Nullable
    Socket next() {
        return arrived.poll();
    }

    boolean hasArrivals() {
        return !arrived.isEmpty();
    }

    /** What has not been accepted is reset, as Linux does. */
    void close() {
        for (Socket socket = arrived.poll(); socket != null; socket = arrived.poll()) {
            socket.abort();
        }
    }
}
