package io.solaster.benchmarks.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

import io.solaster.benchmarks.rig.Wire;

/** GETs of one path; the replies have a Content-Length. */
final class HttpWire implements Wire {
    private static final byte[] LENGTH = "content-length:".getBytes(StandardCharsets.US_ASCII);
    /** Where the status stands behind {@code HTTP/1.1 }. */
    private static final int STATUS = 9;
    private static final int LETTER_CASE = 0x20;

    private final byte[] request;

    HttpWire(String path) {
        request = ("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public int longestRequest() {
        return request.length;
    }

    @Override
    public int request(SplittableRandom random, byte[] to) {
        System.arraycopy(request, 0, to, 0, request.length);
        return request.length;
    }

    @Override
    public int replyLength(ByteBuffer in) throws IOException {
        int start = in.position();
        int limit = in.limit();
        int line = start;
        int length = 0;
        for (int i = start; i < limit; i++) {
            if (in.get(i) != '\n') {
                continue;
            }
            if (i - line == 1) {
                if (in.get(start + STATUS) != '2') {
                    throw new IOException("the server has answered " + (char) in.get(start + STATUS) + "xx");
                }
                int end = i + 1 + length;
                return end <= limit ? end - start : 0;
            }
            if (isLength(in, line, i)) {
                length = number(in, line + LENGTH.length, i);
            }
            line = i + 1;
        }
        return 0;
    }

    private static boolean isLength(ByteBuffer in, int from, int to) {
        if (to - from <= LENGTH.length) {
            return false;
        }
        for (int i = 0; i < LENGTH.length; i++) {
            if ((in.get(from + i) | LETTER_CASE) != (LENGTH[i] | LETTER_CASE)) {
                return false;
            }
        }
        return true;
    }

    private static int number(ByteBuffer in, int from, int to) {
        int number = 0;
        for (int i = from; i < to; i++) {
            byte b = in.get(i);
            if (b >= '0' && b <= '9') {
                number = number * 10 + (b - '0');
            }
        }
        return number;
    }
}
