package io.solaster.boot.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;

import org.junit.jupiter.api.Test;

final class CsvTest {

    @Test
    void quotes_what_would_end_a_field_and_leaves_null_empty() {
        assertThat(Csv.of(List.of("a", "b", "c"), List.of(Arrays.asList("x, y", null, "say \"no\"\n"))))
                .isEqualTo("a,b,c\r\n\"x, y\",,\"say \"\"no\"\"\n\"\r\n");
    }
}
