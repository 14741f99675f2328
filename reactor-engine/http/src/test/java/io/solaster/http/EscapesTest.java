package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;

import io.netty.handler.codec.http.HttpResponseStatus;
import org.junit.jupiter.api.Test;

class EscapesTest {

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
    }
}
