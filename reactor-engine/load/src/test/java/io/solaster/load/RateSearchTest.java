package io.solaster.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RateSearchTest {
    private final List<Double> offered = new ArrayList<>();

    private double highest(double first, double capacity) throws IOException {
        return RateSearch.highest(first, rate -> {
            offered.add(rate);
            return rate <= capacity;
        });
    }

    @ParameterizedTest
    @ValueSource(doubles = {7, 200, 12_345, 5e5})
    void findsWhatAServerCanDoToATwentieth(double capacity) throws IOException {
        for (double first : new double[]{1, 50, 200, 1e5}) {
            assertThat(highest(first, capacity)).isBetween(capacity / 1.05, capacity);
        }
        assertThat(offered).hasSizeLessThan(4 * 60);
    }

    @Test
    void oneHiccupDoesNotDecide() throws IOException {
        assertThat(RateSearch.highest(50, rate -> {
            offered.add(rate);
            return offered.size() % 2 == 0 && rate <= 200;
        })).isBetween(190.0, 200.0);
    }

    @Test
    void endsWhereNoRateOrAnyIsKept() throws IOException {
        assertThat(highest(50, 0)).isZero();
        assertThat(offered.getLast()).isGreaterThanOrEqualTo(1);
        assertThat(highest(50, Double.POSITIVE_INFINITY)).isBetween(25e6, 50e6);
    }

    @Test
    void endsWithWhatIsKnownWhenItIsInterrupted() throws IOException {
        double found = RateSearch.highest(50, rate -> {
            offered.add(rate);
            if (offered.size() == 3) {
                Thread.currentThread().interrupt();
                return false;
            }
            return true;
        });
        assertThat(Thread.interrupted()).isTrue();
        assertThat(found).isEqualTo(100);
        assertThat(offered).containsExactly(50.0, 100.0, 200.0);
    }
}
