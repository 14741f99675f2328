package io.solaster.store.rdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

import io.solaster.engine.memory.Memory;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DumpReaderTest {
    private final DumpReader reader = new DumpReader();

    @FunctionalInterface
    private interface Read<T> {
        T from(long address, int length);
    }

    /** Lets bytes be read where they end with memory that is not theirs. */
    private static <T> T at(byte[] bytes, Read<T> read) {
        long block = Memory.allocate(Math.max(1, bytes.length));
        try {
            Memory.copy(bytes, 0, block, bytes.length);
            return read.from(block, bytes.length);
        } finally {
            Memory.free(block);
        }
    }

    private static boolean isWhole(byte[] dump) {
        return at(dump, DumpReader::isWhole);
    }

    private static byte[] bytes(Pieces pieces) {
        byte[] bytes = new byte[(int) pieces.size()];
        int at = 0;
        for (int i = 0; i < pieces.count(); i++) {
            Memory.copy(pieces.address(i), bytes, at, pieces.length(i));
            at += pieces.length(i);
        }
        return bytes;
    }

    @Test
    void theCheckSumIsThatOfRedis() {
        byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
        long whole = at(digits, (address, length) -> Crc64.of(0, address, length));
        long inParts = at(digits, (address, length) -> Crc64.of(Crc64.of(0, address, 3), address + 3, length - 3));
        assertThat(whole).isEqualTo(0xe9c6d914c4b8d9caL);
        assertThat(inParts).isEqualTo(whole);
    }

    /** The string of a value without type and footer; "none" if it is not valid. */
    private String string(byte[] value) {
        byte[] whole = new byte[value.length + DumpReader.FOOTER];
        System.arraycopy(value, 0, whole, 0, value.length);
        return at(whole, (address, length) -> {
            reader.begin(address, length);
            if (!reader.isString()) {
                return "none";
            }
            long to = Memory.allocate(reader.length() + 1);
            try {
                reader.write(to);
                byte[] bytes = new byte[(int) reader.length()];
                Memory.copy(to, bytes, 0, bytes.length);
                return new String(bytes, StandardCharsets.ISO_8859_1);
            } finally {
                Memory.free(to);
            }
        });
    }

    @ParameterizedTest
    @CsvSource({"00, ''", "0161, a", "400161, a", "800000000161, a", "81000000000000000161, a", "c005, 5", "c0ff, -1",
            "c10080, -32768", "c1ff7f, 32767", "c2ffffff7f, 2147483647", "c200000080, -2147483648", "0361626364, abc",
            "c3050a0061e00000, aaaaaaaaaa", "c30204 016162, none", "c3030201 6162, ab", "c3060601616220014142, none",
            "c305050161622001, ababa"})
    void stringsOfAllFormsAreRead(String hex, String text) {
        assertThat(string(HexFormat.of().parseHex(hex.replace(" ", "")))).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "01", "40", "4001", "80", "8000000001", "80ffffffff61", "81ffffffffffffffff61",
            "817fffffffffffffff61", "82", "bf", "c0", "c100", "c2000000", "c3", "c303", "c30305", "c3020561",
            "c303050061",
            "c30301200000", "c380ffffffff80ffffffff00", "c3021f1f61", "c40161", "ff"})
    void whatIsCutShortOrImpossibleIsNone(String hex) {
        assertThat(string(HexFormat.of().parseHex(hex))).isEqualTo("none");
    }

    @Test
    void garbageIsReadWithoutHarm() {
        Property.check(1, 3_000, draw -> {
            byte[] value = new byte[draw.nextInt(40)];
            draw.nextBytes(value);
            if (value.length > 0 && draw.nextInt(2) == 0) {
                value[0] = (byte) (0xc0 + draw.nextInt(4));
            }
            assertThat(string(value)).isNotNull();
            assertThat(isWhole(value)).isFalse();
        });
    }

    @Test
    void whatIsWrittenIsWholeAndReadAgainUntilABitFlips() {
        Property.check(2, 300, draw -> {
            byte[] text = new byte[draw.of(java.util.List.of(0, 5, 63, 64, 16_383, 16_384))];
            draw.nextBytes(text);
            byte[] dump = at(text, (address, length) -> {
                try (Pieces pieces = new Pieces()) {
                    long begin = pieces.reserve(1 + 5 + length);
                    Memory.putByte(begin, (byte) DumpReader.STRING);
                    pieces.wrote((int) (DumpWriter.string(begin + 1, address, length) - begin));
                    DumpWriter.footer(pieces, DumpReader.STRING, Crc64.of(0, begin, pieces.length(0)));
                    return bytes(pieces);
                }
            });
            assertThat(isWhole(dump)).isTrue();
            assertThat(dump[0]).isZero();
            byte[] value = java.util.Arrays.copyOfRange(dump, 1, dump.length - DumpReader.FOOTER);
            assertThat(string(value)).isEqualTo(new String(text, StandardCharsets.ISO_8859_1));
            dump[draw.nextInt(dump.length)] ^= (byte) (1 << draw.nextInt(8));
            assertThat(isWhole(dump)).isFalse();
        });
    }

    @Test
    void aNewerVersionIsRefusedThoughItsSumFits() {
        byte[] dump = new byte[1 + 1 + DumpReader.FOOTER];
        for (int version : new int[]{6, 9, 10, 11, 12, 13, 255, 256, 65_535}) {
            dump[2] = (byte) version;
            dump[3] = (byte) (version >>> 8);
            long sum = at(dump, (address, length) -> Crc64.of(0, address, length - 8));
            for (int i = 0; i < 8; i++) {
                dump[4 + i] = (byte) (sum >>> 8 * i);
            }
            assertThat(isWhole(dump)).as("version %s", version).isEqualTo(version <= 12);
        }
    }
}
