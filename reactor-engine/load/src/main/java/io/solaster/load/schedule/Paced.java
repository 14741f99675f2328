package io.solaster.load.schedule;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

import org.jspecify.annotations.Nullable;

/**
 * By rates. The k-th request is due when the rate's integral reaches k, or the sum of k random gaps with a mean of one: a
 * Poisson process whose rate changes is one of rate 1 with its time stretched.
 */
final class Paced implements Schedule {
    private static final Duration UNENDING = Duration.ofDays(300);

    private final List<Stage> stages;
    private final boolean poisson;

    Paced(List<Stage> stages, boolean poisson) {
        if (stages.isEmpty()) {
            throw new IllegalArgumentException("a schedule without a stage; give one at least");
        }
        this.stages = List.copyOf(stages);
        this.poisson = poisson;
    }

    @Override
    public Arrivals arrivals(int shard, int shards, long seed) {
        // Shards take turns on an even schedule; of a Poisson process each has one of its own.
        SplittableRandom random = new SplittableRandom(seed * 31 + shard);
        return poisson ? new Times(random, shards, 0) : new Times(null, shards, shard);
    }

    @Override
    public double perSecond(Duration from, Duration length) {
        return (dueBefore(from.plus(length)) - dueBefore(from)) / (length.toNanos() / 1e9);
    }

    /** The rate's integral. */
    private double dueBefore(Duration time) {
        double due = 0;
        double left = time.toNanos() / 1e9;
        for (Stage stage : stages) {
            due += stage.requests(Math.clamp(left, 0, stage.seconds()));
            left -= stage.seconds();
        }
        return due;
    }

    @Override
    public boolean isConstant() {
        return stages.size() == 1 && stages.getFirst().from() == stages.getFirst().to();
    }

    @Override
    public Duration length() {
        return stages.stream().map(Stage::length).reduce(Duration.ZERO, Duration::plus);
    }

    @Override
    public Schedule faster(double factor) {
        return new Paced(stages.stream()
                .map(each -> new Stage(each.from() * factor, each.to() * factor, each.length())).toList(), poisson);
    }

    @Override
    public String describe() {
        StringBuilder text = new StringBuilder();
        for (Stage stage : stages) {
            text.append(text.isEmpty() ? "" : ", ").append(rate(stage.from()));
            if (stage.to() != stage.from()) {
                text.append(" to ").append(rate(stage.to()));
            }
            text.append("/s");
            if (stage.length().compareTo(UNENDING) < 0) {
                text.append(String.format(Locale.ROOT, " for %.3g s", stage.seconds()));
            }
        }
        return text.append(poisson ? ", Poisson" : ", even").toString();
    }

    private static String rate(double rate) {
        return String.format(Locale.ROOT, rate == Math.rint(rate) ? "%,.0f" : "%,.2f", rate);
    }

    private final class Times implements Arrivals {
        /** Null for even gaps. */
        private final @Nullable SplittableRandom random;
        private final int shards;
        /** How far the rate's integral has come, over all shards, and where the stage began. */
        private double reached;
        private double stageBegan;
        private double stageStart;
        private int stage;

        Times(@Nullable SplittableRandom random, int shards, int first) {
            this.random = random;
            this.shards = shards;
            this.reached = random == null ? first - shards + 1 : 0;
        }

        @Override
        public long next() {
            // One of n processes of a rate of one n-th: its gaps are n times as long.
            reached += random == null ? shards : -Math.log(1 - random.nextDouble()) * shards;
            while (reached - stageBegan > stages.get(stage).requests()) {
                if (stage == stages.size() - 1) {
                    return OVER;
                }
                stageBegan += stages.get(stage).requests();
                stageStart += stages.get(stage).seconds();
                stage++;
            }
            return (long) ((stageStart + within(stages.get(stage), reached - stageBegan)) * 1e9);
        }

        /** When so many requests of a stage have become due: the root of from * t + (to - from) / 2 / length * t². */
        private static double within(Stage stage, double requests) {
            if (stage.from() == stage.to()) {
                return requests / stage.from();
            }
            double slope = (stage.to() - stage.from()) / stage.seconds();
            double root = Math.sqrt(Math.max(0, stage.from() * stage.from() + 2 * slope * requests));
            return 2 * requests / (stage.from() + root);
        }
    }
}
