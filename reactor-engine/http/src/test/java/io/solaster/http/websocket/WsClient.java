package io.solaster.http.websocket;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

import io.solaster.http.ClientSocket;

/** A client that sends whatever it is told to, and shows what comes as it comes. */
final class WsClient extends ClientSocket {
    static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";
    private String head = "";

    /** Of what came: its opcode, whether it is the last of its message and whether it is compressed. */
    record Frame(int opcode, boolean last, boolean compressed, byte[] payload) {
        String text() {
            return new String(payload, StandardCharsets.UTF_8);
        }

        int closeCode() {
            return payload.length < 2 ? CloseCode.NONE : (payload[0] & 0xFF) << 8 | payload[1] & 0xFF;
        }

        @Override
        public String toString() {
            return opcode + (last ? "" : "+") + (compressed ? "z " : " ") + (opcode == 1 || opcode == 0
                    ? text()
                    : opcode == 8 ? closeCode() : HexFormat.of().formatHex(payload));
        }
    }

    /** @param receiveBuffer of the socket, in bytes; 0 for what the system takes */
    WsClient(int port, int receiveBuffer) {
        super(port, receiveBuffer);
    }

    /** Asks for a WebSocket and expects it. */
    static WsClient open(int port, String path, String... headers) {
        WsClient client = new WsClient(port, 0);
        client.ask(path, headers);
        if (!client.head.startsWith("HTTP/1.1 101 ")) {
            throw new AssertionError(client.head);
        }
        return client;
    }

    /** Sends the request, and whatever is sent with it; returns the head of the answer. */
    String ask(String path, String... headers) {
        return ask(request(path, headers), new byte[0]);
    }

    String ask(String request, byte[] behind) {
        byte[] bytes = request.getBytes(StandardCharsets.ISO_8859_1);
        byte[] all = new byte[bytes.length + behind.length];
        System.arraycopy(bytes, 0, all, 0, bytes.length);
        System.arraycopy(behind, 0, all, bytes.length, behind.length);
        send(all);
        return readHead();
    }

    static String request(String path, String... headers) {
        StringBuilder request = new StringBuilder("GET " + path
                + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                + "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + KEY + "\r\n");
        for (String header : headers) {
            request.append(header).append("\r\n");
        }
        return request + "\r\n";
    }

    private String readHead() {
        StringBuilder read = new StringBuilder();
        try {
            while (read.indexOf("\r\n\r\n") < 0) {
                int b = in.read();
                if (b < 0) {
                    throw new EOFException("after '" + read + "'");
                }
                read.append((char) b);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        head = read.toString();
        return head;
    }

    String head() {
        return head;
    }

    void send(ClientFrames frames) {
        send(frames.bytes());
    }

    void send(byte[] bytes) {
        write(bytes);
    }

    void sendText(String text) {
        send(new ClientFrames().text(text));
    }

    /** The next frame. */
    Frame frame() {
        try {
            int first = in.readUnsignedByte();
            int second = in.readUnsignedByte();
            if ((second & 0x80) != 0) {
                throw new AssertionError("a server's frame is masked");
            }
            long length = second;
            if (second == 126) {
                length = in.readUnsignedShort();
            } else if (second == 127) {
                length = in.readLong();
            }
            byte[] payload = new byte[(int) length];
            in.readFully(payload);
            return new Frame(first & 0x0F, (first & 0x80) != 0, (first & 0x40) != 0, payload);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The next message, whose frames are put together; nothing else may come. */
    String message() {
        Frame frame = frame();
        StringBuilder message = new StringBuilder(frame.toString());
        while (!frame.last()) {
            frame = frame();
            message.append(frame.text());
        }
        return message.toString();
    }
}
