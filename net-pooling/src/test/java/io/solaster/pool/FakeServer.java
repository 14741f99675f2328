package io.solaster.pool;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A server of one thread a connection that says whatever a test wants it to, and misbehaves. */
public final class FakeServer implements AutoCloseable {

    /** What happens on one connection; its end closes the connection. */
    @FunctionalInterface
    public interface Talk {
        void with(Peer peer) throws IOException;
    }

    /** One connection. */
    public static final class Peer {
        public final Socket socket;
        public final InputStream in;
        public final OutputStream out;
        /** Which connection of the server's this is, from 1. */
        public final int number;

        Peer(Socket socket, int number) throws IOException {
            this.socket = socket;
            this.in = new BufferedInputStream(socket.getInputStream());
            this.out = socket.getOutputStream();
            this.number = number;
        }

        /** Text in ISO-8859-1, at once. */
        public void say(String text) throws IOException {
            out.write(text.getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
        }

        /** A line without its end. */
        public String line() throws IOException {
            StringBuilder line = new StringBuilder();
            int next;
            while ((next = in.read()) != '\n') {
                if (next < 0) {
                    throw new EOFException();
                }
                if (next != '\r') {
                    line.append((char) next);
                }
            }
            return line.toString();
        }

        /** A request of RESP. */
        public List<String> command() throws IOException {
            int count = Integer.parseInt(line().substring(1));
            List<String> words = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int length = Integer.parseInt(line().substring(1));
                words.add(new String(in.readNBytes(length), StandardCharsets.UTF_8));
                line();
            }
            return words;
        }

        /** A request of HTTP up to the empty line. */
        public String head() throws IOException {
            StringBuilder head = new StringBuilder();
            String line;
            while (!(line = line()).isEmpty()) {
                head.append(line).append('\n');
            }
            return head.toString();
        }

        /** Ends with a reset instead of a goodbye. */
        public void reset() throws IOException {
            if (!socket.isClosed()) {
                socket.setSoLinger(true, 0);
                socket.close();
            }
        }

        /** Until the other end goes away. */
        public void silence() throws IOException {
            while (in.read() >= 0) {
                // What it says is not heard.
            }
        }
    }

    private final ServerSocket listener;
    private final Set<Peer> peers = ConcurrentHashMap.newKeySet();
    private final AtomicInteger accepted = new AtomicInteger();
    private final Talk talk;

    private FakeServer(ServerSocket listener, Talk talk) {
        this.listener = listener;
        this.talk = talk;
    }

    public static FakeServer start(Talk talk) throws IOException {
        return start(0, talk);
    }

    public static FakeServer start(int port, Talk talk) throws IOException {
        ServerSocket listener = new ServerSocket();
        listener.setReuseAddress(true);
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1024);
        FakeServer server = new FakeServer(listener, talk);
        Thread.ofPlatform().daemon().name("fake-server-" + listener.getLocalPort()).start(server::accept);
        return server;
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = listener.accept();
                socket.setTcpNoDelay(true);
                Peer peer = new Peer(socket, accepted.incrementAndGet());
                peers.add(peer);
                Thread.ofPlatform().daemon().start(() -> serve(peer));
            }
        } catch (IOException closed) {
            // It is to end.
        }
    }

    private void serve(Peer peer) {
        try (Socket socket = peer.socket) {
            talk.with(peer);
        } catch (IOException gone) {
            // The other end has closed, or we have.
        } finally {
            peers.remove(peer);
        }
    }

    public int port() {
        return listener.getLocalPort();
    }

    public Endpoint endpoint() {
        return Endpoint.of("127.0.0.1", port());
    }

    public int accepted() {
        return accepted.get();
    }

    /** Connections that are open. */
    public int open() {
        return peers.size();
    }

    /** As the end of its process would: no new connection, and a reset for each that there is. */
    public void kill() throws IOException {
        listener.close();
        for (Peer peer : peers) {
            try {
                peer.reset();
            } catch (IOException gone) {
                // It has closed by itself.
            }
        }
    }

    @Override
    public void close() throws IOException {
        kill();
    }
}
