package io.solaster.engine.task;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import io.solaster.config.GroupConfig;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;

/**
 * The scheduling groups of one engine: four that are always there, those of the configuration, and those that are
 * created later. Any thread.
 */
public final class SchedulingGroups {
    /** How many groups an engine may have. */
    public static final int MOST = 64;

    private static final int OTHER_SHARES = 200;

    private final SchedulingGroup critical;
    private final SchedulingGroup byDefault;
    private final SchedulingGroup background;
    private final SchedulingGroup maintenance;
    private volatile List<SchedulingGroup> all = List.of();

    /** @param configured by name; may hold what the four that are always there are to take */
    public SchedulingGroups(Map<String, GroupConfig> configured) {
        critical = add("critical", 1000, configured);
        byDefault = add("default", 500, configured);
        background = add("background", 100, configured);
        maintenance = add("maintenance", 50, configured);
        configured.forEach((name, config) -> {
            if (find(name).isEmpty()) {
                create(name, config);
            }
        });
    }

    private SchedulingGroup add(String name, int shares, Map<String, GroupConfig> configured) {
        return add(name, shares, configured.getOrDefault(name, GroupConfig.defaults()));
    }

    private synchronized SchedulingGroup add(String name, int defaultShares, GroupConfig config) {
        if (find(name).isPresent()) {
            throw new IllegalArgumentException("there is a scheduling group '" + name + "' already");
        }
        if (all.size() == MOST) {
            throw new IllegalStateException("scheduling group '" + name + "' is one too many: an engine has at most "
                    + MOST + "; share one");
        }
        SchedulingGroup group = new SchedulingGroup(all.size(), name, defaultShares, config);
        List<SchedulingGroup> more = new ArrayList<>(all);
        more.add(group);
        all = List.copyOf(more);
        return group;
    }

    /**
     * Puts other configurations in force where they differ from those before, and creates the groups that are new. What
     * code has set at run time stays for the others. Any thread.
     *
     * @throws InvalidConfigException if that would be too many groups, or shares are out of range; nothing changes then
     */
    public synchronized void reconfigure(Map<String, GroupConfig> before, Map<String, GroupConfig> after) {
        List<String> added = after.keySet().stream().filter(name -> find(name).isEmpty()).toList();
        if (all.size() + added.size() > MOST) {
            throw new InvalidConfigException(List.of(new Violation("solaster.engine.groups",
                    String.join(", ", added), all.size() + " groups are there, " + added.size() + " more are too many",
                    "write at most " + (MOST - all.size()) + " new ones")));
        }
        all.forEach(group -> group.check(after.getOrDefault(group.name(), GroupConfig.defaults())));
        for (SchedulingGroup group : all) {
            GroupConfig old = before.getOrDefault(group.name(), GroupConfig.defaults());
            GroupConfig now = after.getOrDefault(group.name(), GroupConfig.defaults());
            if (!now.equals(old)) {
                group.update(now);
            }
        }
        added.forEach(name -> create(name, after.getOrDefault(name, GroupConfig.defaults())));
    }

    /** For what somebody waits for: 1000 shares unless configured. */
    public SchedulingGroup critical() {
        return critical;
    }

    /** Where everything runs that names no group: 500 shares unless configured. */
    public SchedulingGroup byDefault() {
        return byDefault;
    }

    /** For what should get done, but not in anybody's way: 100 shares unless configured. */
    public SchedulingGroup background() {
        return background;
    }

    /** For housekeeping: 50 shares unless configured. */
    public SchedulingGroup maintenance() {
        return maintenance;
    }

    /**
     * Creates a group, known to every shard at once.
     *
     * @throws IllegalArgumentException if there is one of that name
     * @throws IllegalStateException if there are {@link #MOST}
     */
    public SchedulingGroup create(String name, GroupConfig config) {
        return add(name, OTHER_SHARES, config);
    }

    /** The group of a name. */
    public Optional<SchedulingGroup> find(String name) {
        return all.stream().filter(group -> group.name().equals(name)).findFirst();
    }

    /**
     * The group of a name.
     *
     * @throws IllegalArgumentException naming those that there are, if there is none
     */
    public SchedulingGroup get(String name) {
        return find(name).orElseThrow(() -> new IllegalArgumentException(
                "there is no scheduling group '" + name + "'; there are " + all));
    }

    /** All groups by number. */
    public List<SchedulingGroup> all() {
        return all;
    }

    /**
     * Guards against a group of another engine.
     *
     * @return the group
     * @throws IllegalArgumentException if it is none of these
     */
    public SchedulingGroup own(SchedulingGroup group) {
        if (!contains(group)) {
            throw new IllegalArgumentException("scheduling group '" + group
                    + "' belongs to another engine; take this one's, by Engine.groups()");
        }
        return group;
    }

    /** Whether a group is one of these. */
    public boolean contains(SchedulingGroup group) {
        List<SchedulingGroup> known = all;
        return group.id() < known.size() && known.get(group.id()).equals(group);
    }

    SchedulingGroup byId(int id) {
        return all.get(id);
    }
}
