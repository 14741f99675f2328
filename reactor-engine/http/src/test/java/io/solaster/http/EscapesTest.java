package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.management.ManagementFactory;
import java.util.List;

import com.sun.management.ThreadMXBean;
import io.netty.handler.codec.http.HttpResponseStatus;
import org.junit.jupiter.api.Test;

class EscapesTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void letsAPathPassThatCanBeUnderstoodInOneWayOnly() {
        for (String path : List.of("/", "/a/b", "/a.b", "/.well-known/x", "/...", "/a..", "/..a", "/%2e%2e%2e",
                "/a%20b",
                "/%C3%BC", "/a%2Fb", "//", "/a;b=..", "/a\\b", "*")) {
            assertThatCode(() -> Escapes.checkPath(path)).as(path).doesNotThrowAnyException();
        }
    }

    @Test
    void refusesDotsNulsAndBrokenEscapesInEveryDisguise() {
        for (String path : List.of("/..", "/.", "/a/../b", "/a/./b", "/a/..", "/%2e%2e/a", "/.%2E", "/%2e",
                "/a%2f..%2fb",
                "/a%5c..%5cb", "/a\\..\\b", "/..%5Ca", "/%00", "/a%00b", "/%", "/%4", "/%zz", "/%c0%ae%c0%ae/", "/%ff",
                "/%-1")) {
            assertThatExceptionOfType(HttpException.class).as(path).isThrownBy(() -> Escapes.checkPath(path))
                    .matches(refusal -> refusal.status().equals(HttpResponseStatus.BAD_REQUEST));
        }
    }

    @Test
    void decodesFormsWithAPlusForASpaceAndPathsWithout() {
        assertThat(Escapes.decodeForm("a+b%2Bc", 0, 7)).isEqualTo("a b+c");
        assertThat(Escapes.decode("a+b%2Bc", 0, 7)).isEqualTo("a+b+c");
        assertThat(Escapes.decode("x%F0%9F%98%80y", 1, 13)).isEqualTo("😀");
        assertThat(Escapes.decode("%41", 0, 3)).isEqualTo("A");
        assertThat(Escapes.decodeForm("ü+%C3%BC€+😀", 0, 12)).isEqualTo("ü ü€ 😀");
        assertThat(Escapes.decode("%EF%BF%BD�", 0, 10)).as("a sign that is no sign of malformed bytes").isEqualTo("��");
    }

    @Test
    void whatIsDecodedTakesLittleMoreMemoryThanItIs() {
        String text = "+" + "x".repeat(1 << 20);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        String decoded = Escapes.decodeForm(text, 0, text.length());
        assertThat(THREADS.getCurrentThreadAllocatedBytes() - before).isLessThan(5L * decoded.length() / 2);
    }

    @Test
    void aLongTextThatIsMalformedIsNotRepeatedWhole() {
        String text = "x".repeat(1 << 20) + "%ff";
        assertThatExceptionOfType(HttpException.class)
                .isThrownBy(() -> Escapes.decodeForm(text, 0, text.length()))
                .satisfies(refusal -> assertThat(refusal.getMessage()).hasSizeLessThan(200).contains("is not UTF-8"));
    }
}
