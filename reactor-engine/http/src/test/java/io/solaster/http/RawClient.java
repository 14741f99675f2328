package io.solaster.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** A client that knows of HTTP only where a response ends, so that tests say and see every byte. */
final class RawClient extends ClientSocket {

    RawClient(int port) {
        super(port);
    }

    /** @param receiveBuffer of the socket, in bytes */
    RawClient(int port, int receiveBuffer) {
        super(port, receiveBuffer);
    }

    RawClient(Socket socket) {
        super(socket);
    }

    /** The answer to a request; its headers' names are in lower case, in their order. */
    record Answer(String line, Map<String, String> headers, String body) {

        int status() {
            return Integer.parseInt(line.split(" ")[1]);
        }

        String header(String name) {
            return headers.get(name);
        }
    }

    RawClient send(String latin1) {
        return send(latin1.getBytes(StandardCharsets.ISO_8859_1));
    }

    RawClient send(byte[] bytes) {
        write(bytes);
        return this;
    }

    /** A GET with nothing but a Host. */
    Answer get(String target) {
        return send("GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n").answer();
    }

    Answer answer() {
        return answer(false);
    }

    Answer answerToHead() {
        return answer(true);
    }

    private Answer answer(boolean toHead) {
        String line = line();
        if (line == null) {
            throw new AssertionError("the connection has ended before an answer");
        }
        Map<String, String> headers = headers();
        int status = Integer.parseInt(line.split(" ")[1]);
        String body = "";
        if (!toHead && status >= 200 && status != 204 && status != 304) {
            if (headers.containsKey("content-length")) {
                body = latin1(read(Integer.parseInt(headers.get("content-length"))));
            } else if ("chunked".equals(headers.get("transfer-encoding"))) {
                body = chunks(headers);
            } else {
                body = rest();
            }
        }
        return new Answer(line, headers, body);
    }

    private Map<String, String> headers() {
        Map<String, String> headers = new LinkedHashMap<>();
        for (String line = line(); line != null && !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.merge(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip(),
                    (a, b) -> a + ", " + b);
        }
        return headers;
    }

    private String chunks(Map<String, String> headers) {
        StringBuilder body = new StringBuilder();
        while (true) {
            int size = Integer.parseInt(line(), 16);
            if (size == 0) {
                headers.putAll(headers());
                return body.toString();
            }
            body.append(latin1(read(size)));
            if (!line().isEmpty()) {
                throw new AssertionError("no line end behind a chunk");
            }
        }
    }

    /** Without its end; null at the end of the stream. */
    String line() {
        try {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            for (int b = in.read(); b >= 0; b = in.read()) {
                if (b == '\n') {
                    String text = latin1(line.toByteArray());
                    if (!text.endsWith("\r")) {
                        throw new AssertionError("a line that ends with LF alone: " + text);
                    }
                    return text.substring(0, text.length() - 1);
                }
                line.write(b);
            }
            return line.size() == 0 ? null : latin1(line.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What comes up to the end of the stream. */
    String rest() {
        try {
            return latin1(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
