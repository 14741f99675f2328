package io.solaster.spring.trace;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class RemoteTraceTest {
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";

    @Test
    void w3c_says_it_in_the_last_bit_of_the_flags() {
        assertThat(RemoteTrace.isSampledByW3c("00-" + TRACE + "-01")).isTrue();
        assertThat(RemoteTrace.isSampledByW3c("00-" + TRACE + "-03")).isTrue();
        assertThat(RemoteTrace.isSampledByW3c("cc-" + TRACE + "-09-what-a-later-version-adds")).isTrue();
        assertThat(RemoteTrace.isSampledByW3c("00-" + TRACE + "-00")).isFalse();
        assertThat(RemoteTrace.isSampledByW3c("00-" + TRACE + "-02")).isFalse();
    }

    @Test
    void b3_says_it_in_its_third_part_or_alone() {
        assertThat(RemoteTrace.isSampledByB3(TRACE + "-1")).isTrue();
        assertThat(RemoteTrace.isSampledByB3(TRACE + "-d-b7ad6b7169203332")).isTrue();
        assertThat(RemoteTrace.isSampledByB3("1")).isTrue();
        assertThat(RemoteTrace.isSampledByB3(TRACE + "-0")).isFalse();
        assertThat(RemoteTrace.isSampledByB3(TRACE)).isFalse();
        assertThat(RemoteTrace.isSampledByB3("0")).isFalse();
    }

    @Test
    void what_cannot_be_read_is_not_sampled() {
        for (String garbage : new String[]{"", "-", "00-" + TRACE, "00-" + TRACE + "-", "00-" + TRACE + "-0",
                "00-" + TRACE + "-0x", "ü".repeat(60)}) {
            assertThat(RemoteTrace.isSampledByW3c(garbage)).as(garbage).isFalse();
            assertThat(RemoteTrace.isSampledByB3(garbage)).as(garbage).isFalse();
        }
    }
}
