package io.solaster.load;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A server on the loopback interface that does to each connection what it is told. */
public final class Stub implements AutoCloseable {
    /** PING as the generator sends it. */
    public static final int PING = "*1\r\n$4\r\nPING\r\n".length();
    private final ServerSocket listener = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicInteger answered;

    /** What is done to a connection; it is closed afterwards. */
    public interface Script {
        void serve(InputStream in, OutputStream out, int connection) throws IOException, InterruptedException;
    }

    public Stub(Script script) throws IOException {
        this(new AtomicInteger(), script);
    }

    private Stub(AtomicInteger answered, Script script) throws IOException {
        this.answered = answered;
        Thread.ofVirtual().start(() -> {
            while (!listener.isClosed()) {
                try {
                    Socket socket = listener.accept();
                    socket.setTcpNoDelay(true);
                    sockets.add(socket);
                    int number = accepted.getAndIncrement();
                    Thread.ofVirtual().start(() -> serve(script, socket, number));
                } catch (IOException e) {
                    return;
                }
            }
        });
    }

    private void serve(Script script, Socket socket, int number) {
        try (socket) {
            script.serve(socket.getInputStream(), socket.getOutputStream(), number);
        } catch (IOException | InterruptedException e) {
            // The client has gone, or the test has ended.
        } finally {
            sockets.remove(socket);
        }
    }

    /** Answers each PING by the same bytes. */
    public static Stub answering(String answer) throws IOException {
        byte[] bytes = answer.getBytes(StandardCharsets.ISO_8859_1);
        AtomicInteger answered = new AtomicInteger();
        return new Stub(answered, (in, out, connection) -> {
            while (in.readNBytes(PING).length == PING) {
                out.write(bytes);
                answered.incrementAndGet();
            }
        });
    }

    /** How many connections there have been. */
    public int accepted() {
        return accepted.get();
    }

    /** How many requests {@link #answering} has answered. */
    public int answered() {
        return answered.get();
    }

    public int port() {
        return listener.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
