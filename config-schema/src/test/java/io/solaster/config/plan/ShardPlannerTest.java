package io.solaster.config.plan;

import static io.solaster.config.plan.RecordedMachines.allowed;
import static io.solaster.config.plan.RecordedMachines.isolated;
import static io.solaster.config.plan.RecordedMachines.plain;
import static io.solaster.config.plan.RecordedMachines.quota;
import static io.solaster.config.plan.ShardPlanner.plan;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.IdleConfig;
import io.solaster.config.IdleConfig.Policy;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.plan.Machine.NumaNode;
import io.solaster.config.plan.ShardPlan.PlannedShard;
import io.solaster.config.plan.ShardPlan.Work;
import io.solaster.config.value.CpuSet;
import io.solaster.config.value.Housekeeping;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShardPlannerTest {
    private static final EngineConfig DEFAULTS = EngineConfig.defaults();

    @Test
    void oneCpuHasOneShardAndNothingIsSetAside() {
        ShardPlan plan = plan(RecordedMachines.oneCpu(), DEFAULTS);
        assertThat(plan.shards()).containsExactly(new PlannedShard(0, 0, 0));
        assertThat(plan.housekeeping()).isEqualTo(CpuSet.EMPTY);
        assertThat(plan.pinned()).isTrue();
        assertThat(plan.spin()).isFalse();
        assertThat(plan.reasons()).containsExactly("1 shard: one per CPU (0).",
                "No housekeeping CPUs: 1 CPU allowed, too few to set any aside.",
                "Pinned: each shard has a CPU of its own.", "Idle shards sleep at once: their CPUs are not isolated.");
    }

    @Test
    void twoCpusHaveAShardEach() {
        ShardPlan plan = plan(RecordedMachines.twoCpus(), DEFAULTS);
        assertThat(cpus(plan)).containsExactly(0, 1);
        assertThat(plan.housekeeping()).isEqualTo(CpuSet.EMPTY);
    }

    @Test
    void fourCoresOfEightThreadsGiveOneCoreToHousekeepingAndAShardToEachOther() {
        ShardPlan plan = plan(RecordedMachines.eightThreadsOfFourCores(), DEFAULTS);
        assertThat(cpus(plan)).containsExactly(1, 2, 3);
        assertThat(plan.housekeeping()).hasToString("0,4");
        assertThat(plan.reasons()).contains(
                "3 shards: one per physical core (6 hardware threads: 1-3,5-7).",
                "Housekeeping on CPUs 0,4: 1 core of 4 for everything that is no shard.");
    }

    @Test
    void shardsThatServeNothingAreTwoAndStandInNobodysWay() {
        ShardPlan plan = plan(RecordedMachines.eightThreadsOfFourCores(), DEFAULTS, Work.CLIENTS);
        assertThat(plan.shards()).hasSize(2);
        assertThat(plan.pinned()).isFalse();
        assertThat(plan.housekeeping()).isEqualTo(CpuSet.EMPTY);
        assertThat(plan.reasons()).contains(
                "2 shards: no server runs on the shards, so the CPUs are left to the application's own threads;"
                        + " solaster.engine.shards sets another number.",
                "Not pinned: no server runs on the shards; solaster.engine.pinning 'always' pins them all the same.");
        assertThat(plan(RecordedMachines.oneCpu(), DEFAULTS, Work.CLIENTS).shards()).hasSize(1);
    }

    @Test
    void whatIsAskedForHoldsForShardsThatServeNothingToo() {
        ShardPlan plan = plan(RecordedMachines.eightThreadsOfFourCores(),
                DEFAULTS.withShards(4).withPinning(Pinning.ALWAYS), Work.CLIENTS);
        assertThat(plan.shards()).hasSize(4);
        assertThat(plan.pinned()).isTrue();
        assertThat(plan.housekeeping()).hasToString("4");
    }

    @Test
    void housekeepingNoneSharesTheCoresWithShardsThatAreStillPinned() {
        ShardPlan plan = plan(RecordedMachines.eightThreadsOfFourCores(), housekeeping(Housekeeping.NONE));
        assertThat(plan.pinned()).isTrue();
        assertThat(cpus(plan)).containsExactly(0, 1, 2, 3);
        assertThat(plan.housekeeping()).isEqualTo(CpuSet.EMPTY);
    }

    @Test
    void smtGivesEveryHardwareThreadAShardAndThreadsOfACoreNeighbouringNumbers() {
        ShardPlan plan = plan(RecordedMachines.eightThreadsOfFourCores(), DEFAULTS.withSmt(true));
        assertThat(cpus(plan)).containsExactly(1, 5, 2, 6, 3, 7);
        assertThat(plan.reasons())
                .contains("6 shards: one per hardware thread (1-3,5-7).");
    }

    @Test
    void asManyShardsAsCoresGetACoreEachAndHousekeepingMakesDoWithAThread() {
        ShardPlan plan = plan(RecordedMachines.eightThreadsOfFourCores(), DEFAULTS.withShards(4));
        assertThat(cpus(plan)).containsExactly(0, 1, 2, 3);
        assertThat(plan.housekeeping()).hasToString("4");
        assertThat(plan.reasons()).contains(
                "4 shards, as asked, each on a physical core of its own, of 4 cores with 7 hardware threads (0-3,5-7).",
                "Housekeeping on CPU 4: one hardware thread, since a whole core is more than shards can spare.");
    }

    @Test
    void moreShardsThanCoresUseSecondThreadsWithoutBeingToldTo() {
        ShardPlan plan = plan(RecordedMachines.eightThreadsOfFourCores(), DEFAULTS.withShards(6));
        assertThat(cpus(plan)).containsExactly(1, 5, 2, 6, 3, 7);
        assertThat(plan.reasons())
                .contains("6 shards, as asked: more than 3 physical cores, so second hardware threads are used too.");
    }

    @Test
    void shardsThatNeedEveryCpuLeaveNoneToHousekeeping() {
        ShardPlan plan = plan(RecordedMachines.eightThreadsOfFourCores(), DEFAULTS.withShards(8));
        assertThat(cpus(plan)).containsExactly(0, 4, 1, 5, 2, 6, 3, 7);
        assertThat(plan.housekeeping()).isEqualTo(CpuSet.EMPTY);
        assertThat(plan.reasons()).contains("No housekeeping CPUs: the shards asked for need every CPU.");
    }

    @Test
    void fewCoresWithThreadsGiveAThreadToHousekeepingRatherThanACore() {
        ShardPlan plan = plan(RecordedMachines.uniform(2, 2, 1, 2), DEFAULTS);
        assertThat(cpus(plan)).containsExactly(0, 1);
        assertThat(plan.housekeeping()).hasToString("2");
    }

    @ParameterizedTest
    @CsvSource({"1, ''", "2, ''", "3, ''", "4, 0", "8, 0", "16, 0", "31, 0", "32, 0-1", "64, 0-3"})
    void housekeepingTakesACoreFromEachSixteenWhereFourCpusAreAllowed(int cpus, String housekeeping) {
        assertThat(plan(plain(cpus), DEFAULTS).housekeeping()).hasToString(housekeeping);
    }

    @Test
    void twoSocketsGiveCoresToHousekeepingInTurnAndNumberShardsBySocketAndCache() {
        ShardPlan plan = plan(RecordedMachines.twoSocketsOf32Cores(), DEFAULTS);
        assertThat(plan.housekeeping()).hasToString("0-1,32-33,64-65,96-97");
        assertThat(cpus(plan)).containsExactlyElementsOf(
                IntStream.concat(IntStream.rangeClosed(2, 31), IntStream.rangeClosed(34, 63)).boxed().toList());
        assertThat(plan.shards()).allMatch(shard -> shard.numaNode() == (shard.id() < 30 ? 0 : 1));
        assertThat(plan.reasons())
                .contains("Shards by NUMA node, neighbours together: 0-29 on node 0, 30-59 on node 1.");
    }

    @Test
    void fewerShardsThanCoresArePackedOnOneNodeAndOneCache() {
        ShardPlan plan = plan(RecordedMachines.twoSocketsOf32Cores(), DEFAULTS.withShards(8));
        assertThat(cpus(plan)).containsExactly(8, 9, 10, 11, 12, 13, 14, 15);
        assertThat(plan.reasons()).contains(
                "Packed on NUMA node 0 of 2, so that shards are near each other and their memory.");
        assertThat(plan(RecordedMachines.twoSocketsOf32Cores(), DEFAULTS.withShards(30)).shards())
                .allMatch(shard -> shard.numaNode() == 0);
    }

    @Test
    void numbersFollowTheCachesEvenWhereCpuNumbersDoNot() {
        Machine machine = plain(8);
        Machine interleaved = new Machine(machine.online(), machine.allowed(), machine.isolated(), machine.cores(),
                List.of(CpuSet.parse("0,2,4,6"), CpuSet.parse("1,3,5,7")), machine.numaNodes(), machine.cpuQuota(),
                machine.memoryLimit(), 1024, 0);
        assertThat(cpus(plan(interleaved, housekeeping(Housekeeping.NONE))))
                .containsExactly(0, 2, 4, 6, 1, 3, 5, 7);
    }

    @Test
    void staysWithinACpuset() {
        ShardPlan plan = plan(RecordedMachines.cpuset35(), DEFAULTS);
        assertThat(cpus(plan)).containsExactly(3, 5);
        assertThat(plan.reasons()).first().isEqualTo("2 shards: one per CPU (3,5).");
    }

    @Test
    void aQuotaBelowTheCpusLowersTheCountAndTurnsPinningAndSpinningOff() {
        ShardPlan plan = plan(isolated(quota(plain(64), 1.5), "0-63"), DEFAULTS);
        assertThat(plan.shards()).hasSize(1);
        assertThat(plan.pinned()).isFalse();
        assertThat(plan.spin()).isFalse();
        assertThat(plan.housekeeping()).isEqualTo(CpuSet.EMPTY);
        assertThat(plan.reasons()).containsExactly("1 shard: a CFS quota of 1.5 CPUs allows no more on 64 CPUs (0-63).",
                "No housekeeping CPUs: shards are not pinned, so none would stay free of them.",
                "Not pinned: a CFS quota of 1.5 CPUs is below the 64 allowed.",
                "Idle shards sleep at once: they are not pinned.");
    }

    @ParameterizedTest
    @CsvSource({"0.25, 1", "1, 1", "4, 4", "7.99, 7"})
    void aQuotaIsRoundedDownToWholeShards(double cpus, int shards) {
        ShardPlan plan = plan(quota(plain(8), cpus), DEFAULTS);
        assertThat(plan.shards()).hasSize(shards);
        assertThat(plan.pinned()).isFalse();
    }

    @Test
    void aQuotaAboveTheCoresChangesNoCount() {
        ShardPlan plan = plan(quota(RecordedMachines.eightThreadsOfFourCores(), 6), DEFAULTS);
        assertThat(cpus(plan)).containsExactly(0, 1, 2, 3);
        assertThat(plan.reasons())
                .contains("4 shards: one per physical core (8 hardware threads: 0-7).");
        assertThat(plan.pinned()).isFalse();
    }

    @Test
    void aQuotaOfAllCpusIsNoneToSpeakOf() {
        ShardPlan plan = plan(quota(plain(8), 8), DEFAULTS);
        assertThat(plan.shards()).hasSize(7);
        assertThat(plan.pinned()).isTrue();
        assertThat(plan.reasons()).noneMatch(reason -> reason.contains("quota"));
    }

    @Test
    void moreShardsThanAQuotaAreKeptWithAWarning() {
        ShardPlan plan = plan(quota(plain(8), 4), DEFAULTS.withShards(6));
        assertThat(plan.shards()).hasSize(6);
        assertThat(plan.pinned()).isFalse();
        assertThat(plan.reasons()).contains("Warning: a CFS quota allows 4 CPUs, 6 shards may be stopped together until"
                + " its next period; set 4 or 'auto'.");
    }

    @Test
    void pinningAlwaysHoldsUnderAQuotaWithAWarning() {
        ShardPlan plan = plan(quota(plain(8), 4), DEFAULTS.withPinning(Pinning.ALWAYS));
        assertThat(cpus(plan)).containsExactly(1, 2, 3, 4);
        assertThat(plan.housekeeping()).hasToString("0");
        assertThat(plan.pinned()).isTrue();
        assertThat(plan.reasons()).contains("Warning: pinned, as asked, though a CFS quota of 4 CPUs is below the 8"
                + " allowed: a shard that is stopped cannot move.");
    }

    @Test
    void hybridCoresGiveSlowOnesToHousekeepingAndFastOnesToShardsFirst() {
        ShardPlan plan = plan(RecordedMachines.hybrid(), DEFAULTS);
        assertThat(plan.housekeeping()).hasToString("12");
        assertThat(cpus(plan)).containsExactly(0, 2, 4, 6, 8, 10, 13, 14, 15, 16, 17, 18, 19);
        assertThat(plan.reasons()).contains(
                "Warning: cores differ in speed (capacity 1024 to 600): shards on CPUs 13-19 serve less.");
        ShardPlan few = plan(RecordedMachines.hybrid(), DEFAULTS.withShards(4));
        assertThat(cpus(few)).containsExactly(0, 2, 4, 6);
        assertThat(few.reasons()).noneMatch(reason -> reason.contains("speed"));
    }

    @Test
    void slowCoresComeBeforeSecondThreadsOfFastOnes() {
        assertThat(cpus(plan(RecordedMachines.hybrid(), DEFAULTS.withShards(15)))).containsExactly(0, 1, 2, 3, 4, 6,
                8, 10, 13, 14, 15, 16, 17, 18, 19);
    }

    @Test
    void offlineCpusAreNotUsedAndSaid() {
        ShardPlan plan = plan(RecordedMachines.offlineCpus(), DEFAULTS);
        assertThat(plan.housekeeping()).hasToString("0,4");
        assertThat(cpus(plan)).containsExactly(1, 6, 7);
        assertThat(plan.reasons()).first().isEqualTo("Allowed but offline, so not used: CPUs 2-3.");
    }

    @Test
    void aNumaNodeWithoutCpusGetsNoShard() {
        ShardPlan plan = plan(RecordedMachines.numaNodeWithoutCpus(), DEFAULTS);
        assertThat(plan.shards()).hasSize(7).allMatch(shard -> shard.numaNode() == 0);
        assertThat(plan.reasons()).noneMatch(reason -> reason.contains("NUMA"));
    }

    @Test
    void aNumaNodeWithoutMemoryIsUsedLastAndWithAWarning() {
        Machine machine = RecordedMachines.numaNodeWithoutMemory();
        assertThat(cpus(plan(machine, DEFAULTS.withShards(4)))).containsExactly(4, 5, 6, 7);
        ShardPlan plan = plan(machine, DEFAULTS);
        assertThat(plan.reasons()).contains("Shards by NUMA node, neighbours together: 0-2 on node 0, 3-6 on node 1.",
                "Warning: NUMA node 0 has no memory: what its shards allocate lies on another node.");
    }

    @Test
    void aMachineThatTellsNothingOfItsCoresHasACorePerCpu() {
        Machine machine = plain(4);
        Machine bare = new Machine(machine.online(), machine.allowed(), CpuSet.EMPTY, List.of(), List.of(), List.of(),
                machine.cpuQuota(), machine.memoryLimit(), 1024, 0);
        assertThat(plan(bare, DEFAULTS).shards()).containsExactly(new PlannedShard(0, 1, 0), new PlannedShard(1, 2, 0),
                new PlannedShard(2, 3, 0));
    }

    @Test
    void moreShardsThanCpusAreRefused() {
        assertThatThrownBy(() -> plan(RecordedMachines.twoCpus(), DEFAULTS.withShards(8)))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessage("solaster.engine.shards: 8 asked, 2 CPUs allowed (cpuset 0-1); set 2 or 'auto'");
        assertThatThrownBy(() -> plan(allowed(plain(8), "7"), DEFAULTS.withShards(2).withPinning(Pinning.ALWAYS)))
                .hasMessage("solaster.engine.shards: 2 asked, 1 CPU allowed (cpuset 7); set 1 or 'auto'");
        assertThatThrownBy(() -> plan(plain(4), housekeeping(Housekeeping.valueOf("0-1")).withShards(4)))
                .hasMessage("solaster.engine.shards: 4 asked, 2 CPUs allowed (cpuset 0-3 without housekeeping 0-1);"
                        + " set 2 or 'auto'");
    }

    @Test
    void moreShardsThanCpusTakeTurnsWherePinningIsNever() {
        ShardPlan plan = plan(RecordedMachines.twoCpus(), DEFAULTS.withShards(5).withPinning(Pinning.NEVER));
        assertThat(cpus(plan)).containsExactly(0, 1, 0, 1, 0);
        assertThat(plan.pinned()).isFalse();
        assertThat(plan.reasons()).contains(
                "Warning: 5 shards on 2 CPUs, as asked with pinning 'never': they take turns on CPUs 0-1.",
                "Not pinned, as asked.");
    }

    @Test
    void housekeepingThatWasAskedForIsKeptFree() {
        ShardPlan plan = plan(RecordedMachines.twoCpus(), housekeeping(Housekeeping.valueOf("0")));
        assertThat(cpus(plan)).containsExactly(1);
        assertThat(plan.housekeeping()).hasToString("0");
        ShardPlan none = plan(plain(8), housekeeping(Housekeeping.NONE));
        assertThat(none.shards()).hasSize(8);
        assertThat(none.reasons()).contains("No housekeeping CPUs, as asked.");
    }

    @Test
    void housekeepingOutsideTheAllowedCpusIsRefused() {
        assertThatThrownBy(() -> plan(allowed(plain(8), "2-5"),
                housekeeping(Housekeeping.valueOf("0-2")).withShards(9))).hasMessage(
                        """
                                solaster.engine.housekeeping: 0-2 asked, 0-1 not among the 4 CPUs allowed (cpuset 2-5); set '2' or 'auto'
                                solaster.engine.shards: 9 asked, 4 CPUs allowed (cpuset 2-5); set 4 or 'auto'""");
    }

    @Test
    void theFixForHousekeepingIsItselfAllowed() {
        assertThatThrownBy(
                () -> plan(RecordedMachines.twoCpus(), housekeeping(Housekeeping.valueOf("0-7"))))
                .hasMessage("solaster.engine.housekeeping: 0-7 asked, 2-7 not among the 2 CPUs allowed (cpuset 0-1);"
                        + " set 'auto'");
    }

    @Test
    void housekeepingThatLeavesNothingIsRefused() {
        assertThatThrownBy(
                () -> plan(RecordedMachines.twoCpus(), housekeeping(Housekeeping.valueOf("0-1"))))
                .hasMessage("solaster.engine.housekeeping: 0-1 asked, which leaves shards none of the CPUs allowed"
                        + " (cpuset 0-1); leave out at least one, or set 'auto'");
    }

    @Test
    void isolatedCpusGoToShardsAndLetThemSpin() {
        ShardPlan plan = plan(isolated(plain(8), "4-7"), DEFAULTS.withShards(4));
        assertThat(cpus(plan)).containsExactly(4, 5, 6, 7);
        assertThat(plan.housekeeping()).hasToString("0");
        assertThat(plan.spin()).isTrue();
        assertThat(plan.reasons()).contains("Idle shards spin before they sleep: their CPUs are isolated.");
        assertThat(plan(isolated(plain(8), "4-7"), DEFAULTS.withShards(5)).spin()).isFalse();
        assertThat(plan(isolated(plain(8), "4-7"), DEFAULTS.withShards(4).withPinning(Pinning.NEVER)).spin()).isFalse();
    }

    @Test
    void isolatedCpusAreNotTakenForHousekeepingJustToTakeTurnsBetweenNodes() {
        ShardPlan plan = plan(isolated(RecordedMachines.uniform(64, 1, 2, 8), "4-63"), DEFAULTS);
        assertThat(plan.housekeeping()).hasToString("0-3");
        assertThat(plan.spin()).isTrue();
    }

    @Test
    void anIdlePolicyThatWasAskedForWins() {
        assertThat(plan(plain(2), idle(Policy.SPIN)).spin()).isTrue();
        assertThat(plan(isolated(plain(2), "0-1"), idle(Policy.PARK)).spin()).isFalse();
        ShardPlan throttled = plan(quota(plain(8), 2), idle(Policy.SPIN));
        assertThat(throttled.spin()).isTrue();
        assertThat(throttled.reasons()).contains(
                "Warning: idle shards spin, as asked, and use up a CFS quota of 2 CPUs while they do nothing.");
        assertThat(plan(plain(2), idle(Policy.SPIN).withPinning(Pinning.NEVER)).reasons())
                .anyMatch(
                        reason -> reason.startsWith("Warning: idle shards spin, as asked, though they are not pinned"));
    }

    @Test
    void nodesNumberedByTheKernelKeepTheirNumbers() {
        Machine machine = RecordedMachines.nodes(plain(4), new NumaNode(8, CpuSet.range(0, 3), 1));
        assertThat(plan(machine, DEFAULTS).shards()).allMatch(shard -> shard.numaNode() == 8);
    }

    @Test
    void aMachineWithoutAnyCpuToRunOnIsNoMachine() {
        Machine machine = allowed(plain(2), "5");
        assertThatIllegalArgumentException().isThrownBy(() -> plan(machine, DEFAULTS)).withMessageContaining("'5'");
    }

    private static EngineConfig idle(Policy policy) {
        return DEFAULTS.withIdle(Changed.with(IdleConfig.defaults(), "policy", policy));
    }

    private static List<Integer> cpus(ShardPlan plan) {
        assertThat(plan.shards()).extracting(PlannedShard::id)
                .containsExactlyElementsOf(IntStream.range(0, plan.shards().size()).boxed().toList());
        return plan.shards().stream().map(PlannedShard::cpu).toList();
    }

    private static EngineConfig housekeeping(Housekeeping housekeeping) {
        return Changed.with(DEFAULTS, "housekeeping", housekeeping);
    }
}
