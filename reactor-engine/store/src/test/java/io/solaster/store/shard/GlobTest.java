package io.solaster.store.shard;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GlobTest {

    @ParameterizedTest
    @CsvSource({"*, anything, true", "*, '', false", "'', '', true", "'', a, false", "a, A, true", "a?c, abc, true",
            "a?c, ac, false", "a*c, ac, true", "a*c, abbbc, true", "a*c, abbbd, false", "*max*, maxclients, true",
            "*a*b*c*, xxaxxbxxcxx, true", "*a*b*c*, xxaxxcxxbxx, false", "[abc]x, bx, true", "[abc]x, dx, false",
            "[^abc]x, dx, true", "[^abc]x, ax, false", "[a-c]x, bx, true", "[c-a]x, bx, true", "[a-c]x, dx, false",
            "a\\*b, a*b, true", "a\\*b, axb, false", "[\\]]x, ]x, true", "[ab, a, true", "[a-, a, true",
            "a\\, a\\, true",
            "x*, x, true", "**x, ax, true", "t[ij]m*ut, timeout, true"})
    void patternsMatchAsInRedis(String pattern, String text, boolean matches) {
        assertThat(Glob.matches(pattern, text)).isEqualTo(matches);
        if (!text.isEmpty()) {
            // Each state has its place in whichever word.
            for (int before : new int[]{56, 60, 61, 62, 63, 64, 100, 127, 500}) {
                String same = "x".repeat(before);
                assertThat(Glob.matches(same + pattern, same + text)).as("behind %s", before).isEqualTo(matches);
                assertThat(Glob.matches("?*" + same + pattern, "yyyx" + same + text)).as("behind %s", before)
                        .isEqualTo(matches);
            }
        }
    }

    @Test
    void eachByteOfATextIsLookedAtOnce() {
        String pattern = "*" + "a".repeat(Glob.LONGEST - 2) + "b";
        assertThat(Glob.matches(pattern, "a".repeat(1 << 20))).isFalse();
        assertThat(Glob.matches(pattern, "a".repeat(1 << 20) + "b")).isTrue();
        assertThat(Glob.matches("*" + pattern, "a".repeat(2_000) + "b")).as("is too long").isFalse();
    }

    @Test
    void manyStarsTakeNoTime() {
        assertThat(Glob.matches("*a".repeat(200) + "b", "a".repeat(2000))).isFalse();
    }
}
