package io.solaster.http.http1;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;

import io.solaster.http.wire.HttpLimits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HeadDecoderTest {
    private static final String HOST = "Host: h\r\n";

    private static String read(String latin1) {
        return Heads.readInEveryWay(latin1.getBytes(StandardCharsets.ISO_8859_1), Heads.LIMITS, new Random(1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get",
            "!#$"})
    void readsMethods(String method) {
        assertThat(read(method + " / HTTP/1.1\r\n" + HOST + "\r\n")).contains(" " + method + " / 1.1 [Host=h]");
    }

    @Test
    void readsHeadersAsTheyStandWithoutBlanksAroundThem() {
        assertThat(
                read("GET /a?b HTTP/1.1\r\nHost:h\r\nA: \t b  c\t \r\nempty:\r\nblank:  \r\nX: \u00e4\r\n\r\nbehind"))
                .isEqualTo("76 GET /a?b 1.1 [Host=h, A=b  c, empty=, blank=, X=\u00e4]".replace("76",
                        "" + "GET /a?b HTTP/1.1\r\nHost:h\r\nA: \t b  c\t \r\nempty:\r\nblank:  \r\nX: a\r\n\r\n"
                                .length()));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            GET / HTTP/1.1         |                                   | ok
            GET / HTTP/1.1         | Connection: close                 | close
            GET / HTTP/1.1         | Connection: x, Close              | close
            GET / HTTP/1.1         | Connection: keep-alive            | ok
            GET / HTTP/1.0         |                                   | close
            GET / HTTP/1.0         | Connection: Keep-Alive            | ok
            GET / HTTP/1.0         | Connection: keep-alive, close     | close
            GET / HTTP/1.1         | Connection: foo, Upgrade          | upgrades
            GET / HTTP/1.2         |                                   | ok
            POST / HTTP/1.1        | Content-Length: 0                 | length 0
            POST / HTTP/1.1        | Content-Length: 123456789012345678 | length 123456789012345678
            POST / HTTP/1.1        | content-length:007                | length 7
            POST / HTTP/1.1        | Transfer-Encoding: Chunked        | chunked
            POST / HTTP/1.1        | Expect: 100-Continue              | expects
            POST / HTTP/1.0        | Expect: 100-continue              | close
            """)
    void knowsWhatBecomesOfTheConnection(String line, String header, String outcome) {
        String read = read(line + "\r\n" + HOST + (header == null ? "" : header + "\r\n") + "\r\n");
        assertThat(read).matches("\\d+ .*");
        assertThat(read.substring(read.indexOf(']') + 1).strip()).isEqualTo(outcome.equals("ok") ? "" : outcome);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            GET http://a.example/x?y HTTP/1.1   | Host=a.example
            GET HTTPS://a.example:80 HTTP/1.1   | Host=a.example:80
            OPTIONS * HTTP/1.1                  | OPTIONS * 1.1
            GET /~a!$&'()*+,;=:@%7B-._?/? HTTP/1.1 | GET /~a!$&'()*+,;=:@%7B-._?/? 1.1
            GET /~~~~~~~~~~~~~~~~~~~~ HTTP/1.1  | GET /~~~~~~~~~~~~~~~~~~~~ 1.1
            GET //x HTTP/1.1                    | GET //x
            """)
    void takesTargetsOfAllForms(String line, String outcome) {
        assertThat(read(line + "\r\nHost: other\r\n\r\n")).contains(outcome);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            GET / HTTP/1.1\\r\\n\\r\\n                                               | 400 no Host
            GET / HTTP/1.1\\r\\nHost: a\\r\\nHost: a\\r\\n\\r\\n                     | 400 two Host
            GET / HTTP/1.1\\r\\nHost: a b\\r\\n\\r\\n                                | 400 a Host that is no host
            GET / HTTP/1.1\\r\\nHost: a/b\\r\\n\\r\\n                                | 400 a Host that is no host
            GET / HTTP/1.1\\r\\nHost: u@a\\r\\n\\r\\n                                | 400 a Host that is no host
            GET / HTTP/1.1\\r\\nHost: a:b\\r\\n\\r\\n                                | 400 a Host that is no host
            GET / HTTP/1.1\\r\\nHost: [::1\\r\\n\\r\\n                               | 400 a Host that is no host
            GET / HTTP/1.1\\r\\nHost:\\r\\n\\r\\n                                    | 400 a Host that is no host
            GET / HTTP/1.1\\r\\nHost: :80\\r\\n\\r\\n                                | 400 a Host that is no host
            GET / HTTP/1.1\\r\\nHost: %zz\\r\\n\\r\\n                                | 400 a Host that is no host
            GET / HTTP/1.1\\r\\nHost: a%4\\r\\n\\r\\n                                | 400 a Host that is no host
            GET / HTTP/1.1\\r\\nHost: x:99999\\r\\n\\r\\n                            | 400 a Host that is no host
            GET / HTTP/1.1\\r\\nHost: x:65536\\r\\n\\r\\n                            | 400 a Host that is no host
            GET / HTTP/1.1\\r\\nHost: [foo]\\r\\n\\r\\n                              | 400 a Host that is no host
            GET / HTTP/1.1\\r\\nHost: [::1%25eth0]\\r\\n\\r\\n                       | 400 a Host that is no host
            GET / HTTP/1.1\\r\\nHost: [::1]x\\r\\n\\r\\n                             | 400 a Host that is no host
            GET / HTTP/1.1\\r\\nHost: x,y\\r\\n\\r\\n                                | 400 a Host that is no host
            GET /a"b HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n                               | 400 a request line that is not
            GET /a<b HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n                               | 400 a request line that is not
            GET /a?b=x>bcdefg HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n                      | 400 a request line that is not
            GET /a{b HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n                               | 400 a request line that is not
            GET /a}bcdefghijk HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n                      | 400 a request line that is not
            GET /~~~^~~~~~~~~ HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n                      | 400 a request line that is not
            GET /a`bcdefghijk HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n                      | 400 a request line that is not
            GET / X                                                                 | 400 a request line that does not end
            GET / HTTPS                                                             | 400 a request line that does not end
            GET / HTTP/x                                                            | 400 a request line that does not end
            GET / HTTP/1.1x                                                         | 400 a request line that does not end
            GET / \\r\\n                                                            | 400 a request line that does not end
            GET / HTTP/1.1\\nHost: a\\n\\n                                           | 400 a request line that does not end
            GET / HTTP/1.1\\r\\nHost: a\\n\\r\\n                                     | 400 a control character
            GET / HTTP/1.1\\r\\nHost: a\\rX: b\\r\\n\\r\\n                           | 400 a CR without LF
            GET / HTTP/1.1\\r\\nHost: a\\r\\n\\rx                                    | 400 a CR without LF
            GET / HTTP/1.1\\r\\nHost: a\\u0000b\\r\\n\\r\\n                          | 400 a control character
            GET / HTTP/1.1\\r\\nHost: a\\r\\n folded\\r\\n\\r\\n                     | 400 a header that goes on
            GET / HTTP/1.1\\r\\n Host: a\\r\\n\\r\\n                                 | 400 a header that goes on
            GET / HTTP/1.1\\r\\nHost : a\\r\\n\\r\\n                                 | 400 a header's name
            GET / HTTP/1.1\\r\\n: a\\r\\n\\r\\n                                      | 400 a header's name
            GET / HTTP/1.1\\r\\nHost\\r\\n\\r\\n                                     | 400 a header's name
            GET / HTTP/1.1\\r\\nH\\u00e4: a\\r\\n\\r\\n                              | 400 a header's name
            GET  / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n                                 | 400 no target
            GET /a b HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n                               | 400 a request line that does not end
            GET /a\\tb HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n                             | 400 a request line that is not
            GET /a#b HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n                               | 400 a request line that is not
            GET /\\u00e4 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n                           | 400 a request line that is not
            GET /\\r\\n                                                              | 400 a request line that is not
            GET a HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n                                  | 400 a target that is neither
            GET * HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n                                  | 400 a target that is neither
            GET ftp://a/ HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n                           | 400 a target that is neither
            GET http:///x HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n                          | 400 a target that is neither
            GET http://u@a/ HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n                        | 400 a target that is neither
            CONNECT a:80 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n                           | 501 CONNECT
            GET / HTTP/2.0\\r\\nHost: a\\r\\n\\r\\n                                  | 505 a version
            GET / HTTP/0.9\\r\\nHost: a\\r\\n\\r\\n                                  | 505 a version
            GET / http/1.1\\r\\nHost: a\\r\\n\\r\\n                                  | 400 a request line that does not end
            GET / HTTP/1.1 \\r\\nHost: a\\r\\n\\r\\n                                 | 400 a request line that does not end
            GET / HTTP/11.1\\r\\nHost: a\\r\\n\\r\\n                                 | 400 a request line that does not end
            \\u0016\\u0003\\u0001                                                    | 400 a request line that does not begin
            \\r\\n\\r\\nGET / HTTP/1.1\\r\\n                                         | 400 a request line that does not begin
            \\rGET / HTTP/1.1\\r\\n                                                  | 400 a CR without LF
            POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 1\\r\\nContent-Length: 1\\r\\n\\r\\n | 400 two Content-Lengths
            POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 1, 1\\r\\n\\r\\n       | 400 a Content-Length that is no number
            POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: +1\\r\\n\\r\\n         | 400 a Content-Length that is no number
            POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: -1\\r\\n\\r\\n         | 400 a Content-Length that is no number
            POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 0x1\\r\\n\\r\\n        | 400 a Content-Length that is no number
            POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 1 1\\r\\n\\r\\n        | 400 a Content-Length that is no number
            POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length:\\r\\n\\r\\n            | 400 a Content-Length that is no number
            POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 1234567890123456789\\r\\n\\r\\n | 400 a Content-Length that is no number
            POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 1\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n | 400 a Content-Length beside
            POST / HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: chunked\\r\\nContent-Length: 1\\r\\n\\r\\n | 400 a Content-Length beside
            POST / HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: chunked\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n | 400 two Transfer-Encodings
            POST / HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: chunked, gzip\\r\\n\\r\\n | 400 a Transfer-Encoding in which
            POST / HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: chunked, chunked\\r\\n\\r\\n | 400 a Transfer-Encoding in which
            POST / HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: gzip, chunked\\r\\n\\r\\n | 501 a Transfer-Encoding
            POST / HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: gzip\\r\\n\\r\\n    | 501 a Transfer-Encoding
            POST / HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: xchunked\\r\\n\\r\\n | 501 a Transfer-Encoding
            POST / HTTP/1.0\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n              | 400 a Transfer-Encoding in HTTP/1.0
            POST / HTTP/1.1\\r\\nHost: a\\r\\nExpect: 200-ok\\r\\n\\r\\n             | 417 an Expect
            """)
    void refusesWhatCouldBeReadInAnotherWay(String bytes, String outcome) {
        assertThat(read(unescape(bytes))).startsWith(outcome);
    }

    private static String unescape(String text) {
        return text.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t").replace("\\u0000", "\0")
                .replace("\\u00e4", "\u00e4").replace("\\u0016", "\u0016").replace("\\u0003", "\u0003")
                .replace("\\u0001", "\u0001");
    }

    @Test
    void takesHostsOfAllForms() {
        for (String host : java.util.List.of("a", "a-b.example", "a_b", "a:65535", "a:", "127.0.0.1:80", "[::1]",
                "[2001:db8::1]:8080", "[::ffff:127.0.0.1]", "%c3%a4.example", "~a!$&'*+")) {
            assertThat(read("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n")).contains("[Host=" + host + "]");
        }
    }

    @Test
    void refusesATargetWithAWrongCharacterWhereverItStands() {
        for (char wrong : "\"<>\\^`{|}#\u00e4\u007f\u0001".toCharArray()) {
            for (int i = 0; i < 20; i++) {
                String target = "/" + "~".repeat(i) + wrong + "a".repeat(20 - i);
                assertThat(read("GET " + target + " HTTP/1.1\r\n" + HOST + "\r\n")).startsWith("400");
            }
        }
    }

    @Test
    void everythingHasALimit() {
        String host = "Host: h\r\n";
        HttpLimits small = new HttpLimits(10, 100, 3, 0, 0, 1, 1, 1, 1, 1);
        assertThat(small("GET /123456789 HTTP/1.1\r\n" + host + "\r\n", small)).contains("GET /123456789 1.1");
        assertThat(small("GET /1234567890 HTTP/1.1\r\n" + host + "\r\n", small)).startsWith("414");
        assertThat(small("GET /12345678901234567890", small)).startsWith("414");
        assertThat(small("GET / HTTP/1.1\r\n" + host + "a: b\r\nc: d\r\n\r\n", small)).contains("c=d");
        assertThat(small("GET / HTTP/1.1\r\n" + host + "a: b\r\nc: d\r\ne: f\r\n\r\n", small)).startsWith("431");
        assertThat(small("GET / HTTP/1.1\r\n" + host + "a: " + "b".repeat(84) + "\r\n\r\n", small)).contains("bbb");
        assertThat(small("GET / HTTP/1.1\r\n" + host + "a: " + "b".repeat(85) + "\r\n\r\n", small)).startsWith("431");
        assertThat(small("GET / HTTP/1.1\r\n" + "a".repeat(101), small)).startsWith("431");
        assertThat(small("M".repeat(33) + " / HTTP/1.1\r\n", small)).startsWith("501");
        assertThat(small("M".repeat(32) + " / HTTP/1.1\r\n" + host + "\r\n", small)).contains("M".repeat(32));
    }

    private static String small(String bytes, HttpLimits limits) {
        return Heads.readInEveryWay(bytes.getBytes(StandardCharsets.ISO_8859_1), limits, new Random(2));
    }

    @Test
    void waitsForTheRestOfAHead() {
        String head = "POST /a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n";
        for (int i = 0; i < head.length(); i++) {
            assertThat(Heads.read(head.substring(0, i))).as("%s bytes", i).isEqualTo("more");
        }
        assertThat(Heads.read(head)).isEqualTo(head.length() + " POST /a?b=c 1.1 [Host=h, Content-Length=3] length 3");
    }
}
