package io.solaster.boot.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;

import org.junit.jupiter.api.Test;

final class CsvTest {

    private record Row(int id, String text) {}

    @Test
    void has_a_row_for_each_record_below_the_names() {
        assertThat(Csv.of(Row.class, List.of(new Row(1, "a"), new Row(2, "b")))).isEqualTo("id,text\r\n1,a\r\n2,b\r\n");
    }

    @Test
    void quotes_what_would_end_a_field_and_leaves_null_empty() {
        assertThat(Csv.of(List.of("a", "b", "c"), List.of(Arrays.asList("x, y", null, "say \"no\"\n"))))
                .isEqualTo("a,b,c\r\n\"x, y\",,\"say \"\"no\"\"\n\"\r\n");
    }
}
