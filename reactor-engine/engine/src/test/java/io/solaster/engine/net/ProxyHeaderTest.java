package io.solaster.engine.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.net.ProxyHeader.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxyHeaderTest {
    private static final String SIGNATURE = "0d0a0d0a000d0a515549540a";
    private static final String IPV4 = "c0000207" + "0a000001" + "1f90" + "01bb";

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex);
    }

    /** Looks at it a byte at a time, as it comes; with this behind it. */
    private static String read(byte[] header) {
        ProxyHeader reader = new ProxyHeader();
        ByteBuf input = Unpooled.buffer();
        input.writeByte('x').skipBytes(1);
        byte[] all = java.util.Arrays.copyOf(header, header.length + 3);
        for (byte each : all) {
            input.writeByte(each);
            Outcome outcome = reader.look(input);
            if (outcome == Outcome.WHOLE) {
                assertThat(reader.length()).isEqualTo(input.readableBytes());
                assertThat(new ProxyHeader().look(Unpooled.wrappedBuffer(all))).isEqualTo(Outcome.WHOLE);
                return String.valueOf(reader.client()).replace("/", "");
            }
            if (outcome != Outcome.PART) {
                return outcome + " " + reader.flaw();
            }
        }
        return "PART";
    }

    private static String line(String text) {
        return read((text + "\r\n").getBytes(StandardCharsets.US_ASCII));
    }

    @ParameterizedTest
    @CsvSource({"PROXY TCP4 192.0.2.7 10.0.0.1 8080 443, 192.0.2.7:8080",
            "PROXY TCP6 2001:db8::7 ::1 65535 0, [2001:db8:0:0:0:0:0:7]:65535",
            "PROXY UNKNOWN, null", "PROXY UNKNOWN ffff::1 whatever 7 8, null"})
    void aLineNamesTheClient(String line, String client) {
        assertThat(line(line)).isEqualTo(client);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PROXY TCP4 192.0.2.7 10.0.0.1 8080", "PROXY TCP4 192.0.2.7 10.0.0.1 8080 443 ",
            "PROXY TCP5 192.0.2.7 10.0.0.1 8080 443", "PROXY TCP4 ::1 10.0.0.1 8080 443",
            "PROXY TCP4 192.0.2 10.0.0.1 8080 443", "PROXY TCP4 example.com 10.0.0.1 8080 443",
            "PROXY TCP4 192.0.2.7 10.0.0.1 65536 443", "PROXY TCP4 192.0.2.7 10.0.0.1 -1 443",
            "PROXY TCP4 192.0.2.7 10.0.0.1 08 443", "PROXY TCP4 192.0.2.7 10.0.0.1  443",
            "PROXY  TCP4 192.0.2.7 10.0.0.1 8080 443", "PROXY TCP6 fe80::1%eth0 ::1 1 2", "PROXY TCP6 [::1] ::1 1 2",
            "PROXY \n", "PROXY TCP4 999.0.2.7 10.0.0.1 8080 443"})
    void aLineOfOtherWordsIsMalformed(String line) {
        assertThat(line(line)).startsWith("MALFORMED its line");
    }

    @Test
    void aLineEndsInTime() {
        assertThat(line("PROXY UNKNOWN " + "x".repeat(91))).isEqualTo("null");
        assertThat(line("PROXY UNKNOWN " + "x".repeat(92))).startsWith("MALFORMED its line has more than 107 bytes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET / HTTP/1.1", "PRoXY TCP4", "\r\nGET /", "*1\r\n"})
    void whatBeginsOtherwiseIsNone(String text) {
        assertThat(line(text)).isEqualTo("NONE ");
    }

    @ParameterizedTest
    @CsvSource({"2111 000c " + IPV4 + ", 192.0.2.7:8080", // TCP over IPv4
            "2011 000c " + IPV4 + ", null", // LOCAL: of the proxy itself
            "2000 0000, null", "2000 0003 ffffff, null", // LOCAL, whatever follows
            "2112 000c " + IPV4 + ", null", // datagrams
            "2100 0005 0102030405, null", // of no known family
            "2111 0014 " + IPV4 + "ea0005 0102030405, 192.0.2.7:8080", // a private TLV
            "2111 000f " + IPV4 + "040000, 192.0.2.7:8080", // an empty one
            "2121 0024 20010db8000000000000000000000007 00000000000000000000000000000001 1f90 01bb,"
                    + " [2001:db8:0:0:0:0:0:7]:8080"})
    void aBinaryHeaderNamesTheClient(String rest, String client) {
        assertThat(read(bytes(SIGNATURE + rest.replace(" ", "")))).isEqualTo(client);
    }

    @ParameterizedTest
    @CsvSource({"1111 000c " + IPV4 + ", version", "2211 000c " + IPV4 + ", command",
            "2111 000b c00002070a00000101bb1f, too short", "2121 000c " + IPV4 + ", too short",
            "2141 000c " + IPV4 + ", family", "2113 000c " + IPV4 + ", family", "2111 1000 00, more than 4096",
            "2111 000e " + IPV4 + "ea00, what follows", "2111 0010 " + IPV4 + "ea000501, what follows",
            "2111 0013 " + IPV4 + "03000400000000, checksum", "2111 0011 " + IPV4 + "0300020000, checksum"})
    void aBinaryHeaderThatIsWrongIsMalformed(String rest, String flaw) {
        assertThat(read(bytes(SIGNATURE + rest.replace(" ", "")))).startsWith("MALFORMED").contains(flaw);
    }

    @Test
    void aChecksumIsHeldAgainstTheHeader() {
        byte[] header = bytes(SIGNATURE + "21110016" + IPV4 + "040000" + "03000400000000");
        CRC32C sum = new CRC32C();
        sum.update(header);
        Unpooled.wrappedBuffer(header).setInt(header.length - 4, (int) sum.getValue());
        assertThat(read(header)).isEqualTo("192.0.2.7:8080");
        header[17] ^= 1;
        assertThat(read(header)).isEqualTo("MALFORMED its checksum is wrong");
    }

    @Test
    void whateverComesIsReadOrRefusedWithinBounds() {
        byte[][] seeds = {bytes(SIGNATURE + "2111001a" + IPV4 + "ea0004" + "01020304" + "030004" + "00000000"),
                "PROXY TCP6 2001:db8::7 ::1 65535 0\r\n".getBytes(StandardCharsets.US_ASCII)};
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 200_000; i++) {
            byte[] input = seeds[i % seeds.length].clone();
            for (int k = random.nextInt(4); k >= 0; k--) {
                input[random.nextInt(input.length)] = (byte) random.nextInt(256);
            }
            ByteBuf some = Unpooled.wrappedBuffer(input, 0, random.nextInt(input.length + 1));
            int readable = some.readableBytes();
            ProxyHeader reader = new ProxyHeader();
            Outcome outcome = reader.look(some);
            assertThat(some.readableBytes()).isEqualTo(readable);
            if (outcome == Outcome.WHOLE) {
                assertThat(reader.length()).isBetween(16 - 1, readable);
            } else if (outcome == Outcome.MALFORMED) {
                assertThat(reader.flaw()).isNotEmpty();
            } else {
                assertThat(reader.client()).isNull();
            }
        }
    }
}
