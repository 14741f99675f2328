package io.solaster.boot.actuate.meters;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class MemoryMetersTest {

    @Test
    void resident_memory_is_told_in_kilobytes_whatever_a_page_is() {
        assertThat(MemoryMeters.resident("VmPeak:\t  999 kB\nVmRSS:\t   12 kB\nRssAnon:\t 3 kB\n"))
                .isEqualTo(12 * 1024);
        assertThat(MemoryMeters.resident("Name:\tjava\n")).isNaN();
    }
}
