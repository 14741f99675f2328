package io.solaster.engine.net;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Reads the header of the PROXY protocol, version 1 or 2, as haproxy.org's {@code proxy-protocol.txt} of 2020 has it. What
 * has come so far is looked at again with each piece, which is at most {@value #MOST} bytes. On one thread.
 */
final class ProxyHeader {
    /** The longest header that is read, of version 2, which may say up to 64 KB. */
    static final int MOST = 4 << 10;
    /** The longest line of version 1, with its end. */
    private static final int LONGEST_LINE = 107;
    private static final byte[] LINE = "PROXY ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] SIGNATURE = {'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};
    private static final int FIXED = 16;
    private static final int TLV_HEAD = 3;
    private static final int CHECKSUM = 0x03;
    private static final int CHECKSUM_BYTES = 4;
    private static final int IPV4 = 4;
    private static final int IPV6 = 16;

    /** What came of looking. */
    enum Outcome {
        /** It may still become one: more has to come. */
        PART,
        /** All of it is there. */
        WHOLE,
        /** It is none. */
        NONE,
        /** It begins as one, and is malformed. */
        MALFORMED
    }

    private @Nullable InetSocketAddress client;
    private int length;
    private String flaw = "";

    /** Whose the connection is; null if it is the proxy's own, or of a kind that has no such address. */
    @Nullable
    InetSocketAddress client() {
        return client;
    }

    /** Bytes of the header, once it is whole. */
    int length() {
        return length;
    }

    /** What is wrong with it. */
    String flaw() {
        return flaw;
    }

    /** Looks at all that has come. */
    Outcome look(ByteBuf input) {
        int line = begins(input, LINE);
        int signature = begins(input, SIGNATURE);
        if (line == LINE.length) {
            return text(input);
        }
        if (signature == SIGNATURE.length) {
            return binary(input);
        }
        return line >= 0 || signature >= 0 ? Outcome.PART : Outcome.NONE;
    }

    /** How many bytes of it are there, if they are the same; -1 if not. */
    private static int begins(ByteBuf input, byte[] with) {
        int count = Math.min(input.readableBytes(), with.length);
        for (int i = 0; i < count; i++) {
            if (input.getByte(input.readerIndex() + i) != with[i]) {
                return -1;
            }
        }
        return count;
    }

    private Outcome malformed(String why) {
        flaw = why;
        return Outcome.MALFORMED;
    }

    private Outcome text(ByteBuf input) {
        int from = input.readerIndex();
        int end = input.indexOf(from, from + Math.min(LONGEST_LINE, input.readableBytes()), (byte) '\n');
        if (end < 0) {
            return input.readableBytes() >= LONGEST_LINE
                    ? malformed("its line has more than " + LONGEST_LINE + " bytes")
                    : Outcome.PART;
        }
        length = end + 1 - from;
        String line = input.toString(from, length, StandardCharsets.US_ASCII);
        if (!line.endsWith("\r\n")) {
            return malformed("its line does not end with CR and LF");
        }
        String[] words = line.substring(0, line.length() - 2).split(" ", -1);
        if (words[1].equals("UNKNOWN")) {
            return Outcome.WHOLE;
        }
        int bytes = words[1].equals("TCP4") ? IPV4 : words[1].equals("TCP6") ? IPV6 : 0;
        if (bytes == 0 || words.length != 6) {
            return malformed("its line has other words than PROXY, TCP4 or TCP6, two addresses and two ports");
        }
        InetAddress source = address(words[2], bytes);
        int port = port(words[4]);
        if (source == null || address(words[3], bytes) == null || port < 0 || port(words[5]) < 0) {
            return malformed("its line has an address or a port that is none");
        }
        client = new InetSocketAddress(source, port);
        return Outcome.WHOLE;
    }

    private static @Nullable InetAddress address(String text, int bytes) {
        // A scope, or an address in one number, is Java's own reading.
        boolean spelled = bytes == IPV4
                ? text.chars().filter(c -> c == '.').count() == 3
                : text.indexOf(':') >= 0 && text.indexOf('%') < 0 && text.indexOf('[') < 0;
        try {
            // An IPv6 address that stands for one of IPv4 is read as that one.
            return spelled ? InetAddress.ofLiteral(text) : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static int port(String text) {
        if (text.isEmpty() || text.length() > 5 || text.length() > 1 && text.charAt(0) == '0'
                || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return -1;
        }
        int port = Integer.parseInt(text);
        return port <= 0xFFFF ? port : -1;
    }

    private Outcome binary(ByteBuf input) {
        int from = input.readerIndex();
        int available = input.readableBytes();
        if (available > SIGNATURE.length && input.getByte(from + 12) >> 4 != 2) {
            return malformed("its version is not 2");
        }
        if (available < FIXED) {
            return Outcome.PART;
        }
        int command = input.getByte(from + 12) & 0xF;
        int kind = input.getByte(from + 13) & 0xFF;
        length = FIXED + input.getUnsignedShort(from + 14);
        if (command > 1) {
            return malformed("its command is neither LOCAL nor PROXY");
        }
        if (length > MOST) {
            return malformed("it says that it has " + length + " bytes, more than " + MOST);
        }
        if (available < length) {
            return Outcome.PART;
        }
        // Internet over a stream, or over datagrams.
        int bytes = kind >> 4 == 1 ? IPV4 : kind >> 4 == 2 ? IPV6 : 0;
        int unix = 216;
        int addresses = bytes > 0 ? 2 * bytes + 4 : kind >> 4 == 3 ? unix : 0;
        if (kind >> 4 > 3 || (kind & 0xF) > 2) {
            return malformed("its family or protocol is unknown");
        }
        // A LOCAL one is the proxy's own, and its addresses are to be ignored; so is what follows an unknown family.
        boolean told = command == 1 && kind != 0;
        if (told && length - FIXED < addresses) {
            return malformed("it is too short for its addresses");
        }
        if (told && !vectors(input, from, from + FIXED + addresses)) {
            return Outcome.MALFORMED;
        }
        if (told && bytes > 0 && (kind & 0xF) == 1) {
            byte[] address = new byte[bytes];
            input.getBytes(from + FIXED, address);
            try {
                client = new InetSocketAddress(InetAddress.getByAddress(address),
                        input.getUnsignedShort(from + FIXED + 2 * bytes));
            } catch (UnknownHostException e) {
                throw new IllegalStateException(e);
            }
        }
        return Outcome.WHOLE;
    }

    /** Skips what else the proxy says, and looks after its checksum. */
    private boolean vectors(ByteBuf input, int from, int first) {
        int end = from + length;
        for (int at = first; at < end;) {
            int value = at + TLV_HEAD;
            int size = value > end ? 0 : input.getUnsignedShort(at + 1);
            if (value + size > end) {
                flaw = "what follows its addresses does not end with it";
                return false;
            }
            if (input.getUnsignedByte(at) == CHECKSUM && !isIntact(input, from, value, size)) {
                flaw = "its checksum is wrong";
                return false;
            }
            at = value + size;
        }
        return true;
    }

    /** CRC32C of the header, with zeros in place of the checksum. */
    private boolean isIntact(ByteBuf input, int from, int at, int size) {
        if (size != CHECKSUM_BYTES) {
            return false;
        }
        byte[] header = new byte[length];
        input.getBytes(from, header);
        java.util.Arrays.fill(header, at - from, at - from + size, (byte) 0);
        CRC32C sum = new CRC32C();
        sum.update(header);
        return (int) sum.getValue() == input.getInt(at);
    }
}
