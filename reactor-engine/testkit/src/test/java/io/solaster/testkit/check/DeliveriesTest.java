package io.solaster.testkit.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;

class DeliveriesTest {
    @Test
    void findsWhatWasAcknowledgedAndNeverSeen() {
        assertThat(Deliveries.lost(List.of(1, 2, 3), List.of(3, 1))).containsExactly(2);
        assertThat(Deliveries.lost(List.of(1, 2), List.of(2, 1, 1, 9))).isEmpty();
    }

    @Test
    void findsWhatWasSeenTwiceOrNeverSent() {
        assertThat(Deliveries.repeated(List.of("a", "b", "a", "a"))).isEqualTo(Map.of("a", 3));
        assertThat(Deliveries.invented(List.of("a"), List.of("a", "b"))).containsExactly("b");
    }

    @Test
    void findsWhatOvertook() {
        List<String> sent = List.of("x1", "y1", "x2", "y2", "x3");
        assertThat(Deliveries.outOfOrder(sent, List.of("y1", "x1", "x2", "y2", "x3"), each -> each.charAt(0)))
                .isEmpty();
        assertThat(Deliveries.outOfOrder(sent, List.of("x1", "x3", "x2", "y1", "y2"), each -> each.charAt(0)))
                .isEqualTo(Map.of('x', "x2"));
        assertThat(Deliveries.outOfOrder(sent, List.of("x1", "x2", "x1", "?", "x3"), each -> each.charAt(0)))
                .as("again, and never sent").isEmpty();
    }

    @Test
    void findsReadingsThatGoBack() {
        assertThat(Deliveries.firstStepBack(List.of(1, 2, 2, 5))).isNull();
        assertThat(Deliveries.firstStepBack(List.of(1, 4, 3, 2))).isEqualTo(3);
    }
}
