package io.solaster.http.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

import io.solaster.http.files.Ranges.Range;
import org.junit.jupiter.api.Test;

class RangesTest {

    @Test
    void readsRangesOfEveryKind() {
        assertThat(Ranges.parse("bytes=0-0", 10)).containsExactly(new Range(0, 0));
        assertThat(Ranges.parse("bytes=3-", 10)).containsExactly(new Range(3, 9));
        assertThat(Ranges.parse("bytes=-3", 10)).containsExactly(new Range(7, 9));
        assertThat(Ranges.parse("bytes=-30", 10)).containsExactly(new Range(0, 9));
        assertThat(Ranges.parse("Bytes=2-99999999999999999999999", 10)).containsExactly(new Range(2, 9));
        assertThat(Ranges.parse("bytes=0-1, 4-5 ,-1", 10)).containsExactly(new Range(0, 1), new Range(4, 5),
                new Range(9, 9));
        assertThat(Ranges.parse("bytes=,,1-2,", 10)).containsExactly(new Range(1, 2));
        assertThat(Ranges.parse("bytes=20-30,1-2", 10)).containsExactly(new Range(1, 2));
    }

    @Test
    void tellsRangesThatThereAreNotFromThoseThatAreNone() {
        for (String unsatisfiable : List.of("bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999-")) {
            assertThat(Ranges.parse(unsatisfiable, 10)).as(unsatisfiable).isEmpty();
        }
        assertThat(Ranges.parse("bytes=-1", 0)).isEmpty();
        for (String none : List.of("", "bytes", "bytes=", "bytes=a-b", "bytes=1", "bytes=-", "bytes=3-1", "lines=1-2",
                "bytes=1-2-3", "bytes=0x1-2", "bytes=+1-2", "bytes=٣-")) {
            assertThat(Ranges.parse(none, 10)).as(none).isNull();
        }
    }

    @Test
    void passesOverRangesThatCostMoreThanTheWhole() {
        assertThat(Ranges.parse("bytes=0-8,1-9", 10)).isNull();
        assertThat(Ranges.parse("bytes=0-0" + ",2-2".repeat(20), 1_000)).isNull();
    }
}
