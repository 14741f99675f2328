package io.solaster.http;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;

/** What clients have in common that say and see every byte. Nothing is waited for longer than a minute. */
public abstract class ClientSocket implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 60_000;
    private static final int BUFFER = 64 * 1024;

    private final Socket socket;
    protected final DataInputStream in;

    protected ClientSocket(int port) {
        this(port, 0);
    }

    /** @param receiveBuffer of the socket, in bytes; 0 for what the system takes */
    protected ClientSocket(int port, int receiveBuffer) {
        this(connected(port, receiveBuffer));
    }

    /** One that is connected. */
    protected ClientSocket(Socket socket) {
        try {
            this.socket = socket;
            socket.setSoTimeout(PATIENCE_MILLIS);
            in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), BUFFER));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Socket connected(int port, int receiveBuffer) {
        try {
            Socket socket = new Socket();
            if (receiveBuffer > 0) {
                socket.setReceiveBufferSize(receiveBuffer);
            }
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            socket.setTcpNoDelay(true);
            return socket;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    protected final Socket socket() {
        return socket;
    }

    /** Sends bytes as they are. */
    protected final void write(byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
            socket.getOutputStream().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The next bytes, all of them. */
    protected final byte[] read(int bytes) {
        try {
            byte[] read = in.readNBytes(bytes);
            if (read.length < bytes) {
                throw new AssertionError("the stream ended after " + read.length + " of " + bytes + " bytes");
            }
            return read;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether nothing more comes. */
    public final boolean isAtEnd() {
        try {
            return in.read() < 0;
        } catch (SocketException e) {
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Says that nothing more comes from here. */
    public final void shutdownOutput() {
        try {
            socket.shutdownOutput();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    protected static String latin1(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
