package io.solaster.store;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/** A client that knows of RESP only where a reply ends, so that tests see every byte. */
public final class RespClient implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 60_000;

    private final Socket socket;
    private final InputStream in;

    public RespClient(int port) {
        try {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.setTcpNoDelay(true);
            in = new BufferedInputStream(socket.getInputStream(), 64 * 1024);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A command as RESP; each character one byte. */
    public static byte[] encode(String... arguments) {
        StringBuilder request = new StringBuilder("*").append(arguments.length).append("\r\n");
        for (String argument : arguments) {
            request.append('$').append(argument.length()).append("\r\n").append(argument).append("\r\n");
        }
        return latin1(request.toString());
    }

    public static byte[] latin1(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    public RespClient send(byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public RespClient send(String... arguments) {
        return send(encode(arguments));
    }

    /** Sends a command and reads its reply, with a bar for each CR LF but the last. */
    public String call(String... arguments) {
        return send(arguments).reply();
    }

    public String reply() {
        return show(replyBytes());
    }

    static String show(byte[] reply) {
        String text = new String(reply, StandardCharsets.ISO_8859_1);
        return (text.endsWith("\r\n") ? text.substring(0, text.length() - 2) : text).replace("\r\n", "|");
    }

    byte[] replyBytes() {
        ByteArrayOutputStream reply = new ByteArrayOutputStream();
        try {
            read(reply);
        } catch (IOException e) {
            throw new UncheckedIOException("after " + show(reply.toByteArray()), e);
        }
        return reply.toByteArray();
    }

    private void read(ByteArrayOutputStream reply) throws IOException {
        String header = line(reply);
        int count = switch (header.charAt(0)) {
            case '*', '~', '>', '%', '$', '=' -> Integer.parseInt(header.substring(1));
            default -> -1;
        };
        switch (header.charAt(0)) {
            case '*', '~', '>' -> read(reply, count);
            case '%' -> read(reply, 2 * count);
            case '$', '=' -> {
                if (count >= 0) {
                    byte[] payload = in.readNBytes(count + 2);
                    if (payload.length < count + 2) {
                        throw new EOFException("within a string");
                    }
                    reply.write(payload);
                }
            }
            default -> {
            }
        }
    }

    private void read(ByteArrayOutputStream reply, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            read(reply);
        }
    }

    private String line(ByteArrayOutputStream reply) throws IOException {
        StringBuilder line = new StringBuilder();
        int b;
        do {
            b = in.read();
            if (b < 0) {
                throw new EOFException("the server has closed the connection");
            }
            reply.write(b);
            line.append((char) b);
        } while (b != '\n');
        return line.substring(0, line.length() - 2);
    }

    /** Reads so many bytes and drops them. */
    void skip(int bytes) throws IOException {
        in.skipNBytes(bytes);
    }

    /** What the server sends until it closes the connection; and a remark if it does not, or breaks it. */
    public String rest() {
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        String remark = "";
        try {
            for (int b = in.read(); b >= 0; b = in.read()) {
                received.write(b);
            }
        } catch (SocketTimeoutException e) {
            remark = "(still open)";
        } catch (SocketException e) {
            remark = "(reset)";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return show(received.toByteArray()) + remark;
    }

    Socket socket() {
        return socket;
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
