package io.solaster.testkit.readme;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.Test;

class PropertyExample {
    @Test
    void whatIsJoinedSplitsIntoTheSame() {
        Property.check(42, 1_000, draw -> {
            List<String> words = draw.list(1, 5, each -> each.string("abc ", 4));
            assertThat(List.of(String.join(",", words).split(","))).isEqualTo(words);
        });
    }
}
