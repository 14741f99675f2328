package io.solaster.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.operator.reconcile.plans.PlanBoard.Answer;
import org.junit.jupiter.api.Test;

/** Whatever the order of plans and looks: a look that is not with the last plan is followed by another one. */
class LookedWithTest {
    private final Answer before = new Answer(null, "no room", "DoesNotFit");
    private final Answer now = new Answer(null, "room", "Fits");
    private final Map<String, Answer> plans = new HashMap<>(Map.of("shop/kv", before));
    private final AtomicInteger pokes = new AtomicInteger();
    private final LookedWith looked = new LookedWith(() -> plans);

    private void compare() {
        looked.planned("shop/kv", plans.get("shop/kv"), pokes::incrementAndGet);
    }

    @Test
    void anotherPlanIsAReasonToLookAgainOnce() {
        looked.look("shop/kv", before);
        assertThat(looked.isLate()).isFalse();
        plans.put("shop/kv", now);
        compare();
        compare();
        assertThat(pokes).hasValue(1);
        looked.look("shop/kv", now);
        compare();
        assertThat(pokes).hasValue(1);
        assertThat(looked.late()).isFalse();
    }

    @Test
    void aLookWithAPlanThatWasReplacedBeforeItIsKnownIsLate() {
        plans.put("shop/kv", now);
        compare();
        looked.look("shop/kv", before);
        assertThat(looked.isLate()).isTrue();
        assertThat(looked.late()).isTrue();
        assertThat(looked.late()).isFalse();
        compare();
        assertThat(pokes).hasValue(1);
    }

    @Test
    void aLookWithAPlanThatCameBackMeanwhileIsLate() {
        looked.look("shop/kv", now);
        plans.put("shop/kv", now);
        looked.late();
        compare();
        assertThat(pokes).hasValue(0);
        looked.look("shop/kv", before);
        assertThat(looked.late()).isTrue();
        compare();
        assertThat(pokes).hasValue(1);
    }

    @Test
    void aServiceThatIsGoneIsForgotten() {
        looked.look("shop/kv", before);
        looked.retain(Set.of());
        plans.put("shop/kv", now);
        compare();
        assertThat(pokes).hasValue(0);
    }
}
