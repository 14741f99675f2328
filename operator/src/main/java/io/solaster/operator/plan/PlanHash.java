package io.solaster.operator.plan;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;

import io.solaster.operator.plan.ServicePlan.ClassPlan;

/** Names a plan by what would be applied of it: other pods that come and go do not change it. */
final class PlanHash {
    private static final int BYTES = 6;

    private PlanHash() {}

    static String of(Wanted wanted, List<ClassPlan> classes) {
        StringBuilder text = new StringBuilder(wanted.namespace()).append('/').append(wanted.name()).append('|')
                .append(wanted.numa()).append('|').append(wanted.backend()).append('|').append(wanted.threads())
                .append('|').append(wanted.surge()).append('|').append(wanted.configured());
        classes.stream().filter(each -> each.replicas() > 0).sorted(Comparator.comparing(ClassPlan::name))
                .forEach(each -> text.append('|').append(each.name()).append(' ').append(each.replicas()).append(' ')
                        .append(each.podCpus()).append(' ').append(each.podMemory()).append(' ')
                        .append(each.podHugePages()).append(' ').append(each.shards()));
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256")
                    .digest(text.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
