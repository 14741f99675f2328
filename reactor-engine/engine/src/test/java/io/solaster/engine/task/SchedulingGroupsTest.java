package io.solaster.engine.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.Map;

import io.solaster.config.GroupConfig;
import io.solaster.config.InvalidConfigException;
import org.junit.jupiter.api.Test;

class SchedulingGroupsTest {
    private final SchedulingGroups groups = new SchedulingGroups(
            Map.of("critical", GroupConfig.ofShares(7), "bulk", GroupConfig.defaults()));

    @Test
    void fourAreAlwaysThereAndTheRestIsConfigured() {
        assertThat(groups.all()).extracting(SchedulingGroup::name).containsExactly("critical", "default", "background",
                "maintenance", "bulk");
        assertThat(groups.all()).extracting(SchedulingGroup::shares).containsExactly(7, 500, 100, 50, 200);
        assertThat(groups.all()).extracting(SchedulingGroup::id).containsExactly(0, 1, 2, 3, 4);
    }

    @Test
    void namesAreUniqueAndTellWhatThereIs() {
        assertThatIllegalArgumentException().isThrownBy(() -> groups.create("bulk", GroupConfig.defaults()))
                .withMessageContaining("'bulk' already");
        assertThatIllegalArgumentException().isThrownBy(() -> groups.get("balk"))
                .withMessageContaining("'balk'; there are [critical, default, background, maintenance, bulk]");
    }

    @Test
    void aGroupOfAnotherEngineIsRefused() {
        SchedulingGroup foreign = new SchedulingGroups(Map.of()).background();
        assertThat(groups.own(groups.background())).isSameAs(groups.background());
        assertThatIllegalArgumentException().isThrownBy(() -> groups.own(foreign))
                .withMessageContaining("'background' belongs to another engine");
    }

    @Test
    void thereAreAtMostSixtyFour() {
        for (int i = 5; i < SchedulingGroups.MOST; i++) {
            groups.create("g" + i, GroupConfig.defaults());
        }
        assertThatIllegalStateException().isThrownBy(() -> groups.create("more", GroupConfig.defaults()))
                .withMessageContaining("at most 64");
        assertThat(groups.all()).hasSize(64);
    }

    @Test
    void sharesOutOfRangeChangeNothing() {
        SchedulingGroup bulk = groups.get("bulk");
        assertThatExceptionOfType(InvalidConfigException.class).isThrownBy(() -> bulk.setShares(-1))
                .withMessageContaining("solaster.engine.groups.bulk.shares: -1");
        assertThat(bulk.shares()).isEqualTo(200);
        bulk.setShares(300);
        assertThat(bulk.shares()).isEqualTo(300);
        bulk.setShares(0);
        assertThat(bulk.shares()).isEqualTo(200);
    }
}
