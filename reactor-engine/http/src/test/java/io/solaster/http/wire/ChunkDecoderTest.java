package io.solaster.http.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;

import io.solaster.engine.memory.GuardedBlock;
import io.solaster.http.http1.Heads;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

public class ChunkDecoderTest {
    private static final GuardedBlock BLOCK = new GuardedBlock(64 << 10);

    /** The data, and what became of it, of a body that comes in pieces of this size. */
    static String read(byte[] bytes, int piece) {
        ChunkDecoder decoder = new ChunkDecoder(Heads.SMALL);
        StringBuilder data = new StringBuilder();
        int at = 0;
        while (at < bytes.length && !decoder.isDone() && !decoder.isFailed()) {
            int end = Math.min(bytes.length, at + piece);
            while (at < end && !decoder.isDone() && !decoder.isFailed()) {
                if (decoder.data() > 0) {
                    int take = (int) Math.min(decoder.data(), end - at);
                    data.append(new String(bytes, at, take, StandardCharsets.ISO_8859_1));
                    decoder.took(take);
                    at += take;
                } else {
                    at += decoder.decode(BLOCK.putLast(bytes, at, end), end - at);
                }
            }
        }
        return decoder.isFailed()
                ? "400 " + decoder.message()
                : data + (decoder.isDone()
                        ? " done " + decoder.trailers().entries() + " " + (bytes.length - at)
                        : " more");
    }

    public static String readInEveryWay(byte[] bytes) {
        String whole = read(bytes, Integer.MAX_VALUE / 2);
        for (int piece : new int[]{1, 2, 3, 7}) {
            assertThat(read(bytes, piece)).as("in pieces of %s", piece).isEqualTo(whole);
        }
        return whole;
    }

    private static String read(String text) {
        return readInEveryWay(text.replace("\\r", "\r").replace("\\n", "\n").getBytes(StandardCharsets.ISO_8859_1));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            0\\r\\n\\r\\n                               | ' done [] 0'
            5\\r\\nhello\\r\\n0\\r\\n\\r\\nGET          | hello done [] 3
            5;a="b;\\\"c" ; d = e;f\\r\\nhello\\r\\n0\\r\\n\\r\\n | hello done [] 0
            00a;x=y; z\\r\\n0123456789\\r\\n0;q\\r\\n\\r\\n | 0123456789 done [] 0
            A\\r\\n0123456789\\r\\n0\\r\\nA: b\\r\\nC:d \\r\\n\\r\\n | 0123456789 done [A=b, C=d] 0
            5\\r\\nhel                                  | hel more
            g\\r\\n                                     | 400 a chunk without a size
            \\r\\n                                      | 400 a chunk without a size
            -1\\r\\n                                    | 400 a chunk without a size
            0x5\\r\\nhello\\r\\n                        | 400 a chunk's size that is no hexadecimal number
            5 \\r\\nhello\\r\\n                         | 400 a chunk's size that is no hexadecimal number
            5\\nhello\\n                                | 400 a chunk's size that is no hexadecimal number
            5\\rhello                                   | 400 a chunk that does not end where it should
            5\\r\\nhello!\\r\\n                         | 400 a chunk that does not end where it should
            5\\r\\nhello\\n                             | 400 a chunk that does not end where it should
            5\\r\\nhello\\rX                            | 400 a chunk that does not end where it should
            1000000000000000\\r\\n                      | 400 a chunk's size of more than 15 digits
            5;a\\nb\\r\\n                               | 400 a chunk's extension that is none
            5;\\r\\nhello\\r\\n                         | 400 a chunk's extension that is none
            5; \\r\\nhello\\r\\n                        | 400 a chunk's extension that is none
            5;a="b\\r\\nhello\\r\\n                     | 400 a chunk's extension that is none
            5;a=\\r\\nhello\\r\\n                       | 400 a chunk's extension that is none
            5;=b\\r\\nhello\\r\\n                       | 400 a chunk's extension that is none
            5;a="b"c\\r\\nhello\\r\\n                   | 400 a chunk's extension that is none
            5;a b\\r\\nhello\\r\\n                      | 400 a chunk's extension that is none
            5;a=b=c\\r\\nhello\\r\\n                    | 400 a chunk's extension that is none
            5;a;\\r\\nhello\\r\\n                       | 400 a chunk's extension that is none
            5;\u0080\\r\\nhello\\r\\n                   | 400 a chunk's extension that is none
            5;a="\u00e4"\\r\\nhello\\r\\n               | 400 a chunk's extension that is none
            0\\r\\nA b\\r\\n\\r\\n                      | 400 a trailer's name that is none
            0\\r\\n: b\\r\\n\\r\\n                      | 400 a trailer's name that is none
            0\\r\\n A: b\\r\\n\\r\\n                    | 400 a trailer's name that is none
            0\\r\\nA: b\\n\\r\\n                        | 400 a control character in a trailer
            0\\r\\nA: b\\r\\n\\rX                       | 400 a chunk that does not end where it should
            """)
    void readsWhatIsWellFormedOnly(String body, String outcome) {
        assertThat(read(body)).isEqualTo(outcome);
    }

    @Test
    void everythingHasALimit() {
        assertThat(read("5;" + "x".repeat(257) + "\r\n")).startsWith("400 chunk extensions");
        assertThat(read(("1;" + "x".repeat(250) + "\r\na\r\n").repeat(70))).startsWith("400 chunk extensions");
        assertThat(read("0\r\na: b\r\nc: d\r\ne: f\r\ng: h\r\n\r\n")).isEqualTo("400 more than 3 trailers");
        assertThat(read("0\r\na: " + "b".repeat(200) + "\r\n\r\n")).isEqualTo("400 trailers of more than 96 bytes");
    }
}
