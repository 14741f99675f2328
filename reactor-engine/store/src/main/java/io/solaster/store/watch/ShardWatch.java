package io.solaster.store.watch;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

import io.solaster.store.acl.AclLog;
import io.solaster.store.acl.Rights;
import io.solaster.store.acl.User;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.stats.DiagnosticSettings;
import io.solaster.store.watch.Permissions.Denial;
import io.solaster.store.watch.Permissions.Reason;
import org.jspecify.annotations.Nullable;

/** All that is looked at of one shard's commands. On the owning shard. */
public final class ShardWatch implements StoreShard.Watch {
    private final StoreShard shard;
    private final SlowLog slowLog;
    private final LatencyEvents latency = new LatencyEvents();
    private final AclLog aclLog = new AclLog();
    private final Permissions permissions = new Permissions();
    private final Pause pause;
    private final Monitors monitors;

    private ShardWatch(StoreShard shard) {
        this.shard = shard;
        this.slowLog = new SlowLog(shard.shard().id(), shard.parts().count());
        this.pause = new Pause(shard, this);
        this.monitors = new Monitors(shard, this);
    }

    /** Begins to look at a shard's commands; once, before it has clients. */
    public static StoreShard over(StoreShard shard) {
        shard.watch(new ShardWatch(shard));
        return shard;
    }

    /** What looks at a shard's commands. */
    public static ShardWatch of(StoreShard shard) {
        return (ShardWatch) Objects.requireNonNull(shard.watch());
    }

    public SlowLog slowLog() {
        return slowLog;
    }

    public LatencyEvents latency() {
        return latency;
    }

    public AclLog aclLog() {
        return aclLog;
    }

    public Permissions permissions() {
        return permissions;
    }

    public Pause pause() {
        return pause;
    }

    public Monitors monitors() {
        return monitors;
    }

    /** A monitor or a pause has come or gone. */
    void changed() {
        shard.gated(monitors.isAny() || pause.isActive());
    }

    /** What is kept of commands, and for how long, has changed. */
    public void settingsChanged() {
        shard.diagnosticsChanged();
        slowLog.trim(shard.parts().diagnostics().slowLogLength());
    }

    /** Tells those who monitor of a command that is about to be run for a client of this shard. */
    public void tell(Client client, Command command, CommandCall call) {
        if (monitors.isAny()) {
            monitors.tell(client, command, call);
        }
    }

    /** Tells those who monitor of a command that a script calls. */
    public void tellOfScript(Command command, CommandCall call) {
        if (monitors.isAny()) {
            monitors.tellOfScript(command, call);
        }
    }

    @Override
    public void slow(Command command, CommandCall call, long nanos) {
        DiagnosticSettings settings = shard.parts().diagnostics();
        if (nanos >= settings.slowNanos() && !command.has(Command.Flag.SKIP_SLOWLOG)) {
            long micros = TimeUnit.NANOSECONDS.toMicros(nanos);
            if (call.hasClient()) {
                slowLog.add(command, call, call.client(), micros, shard.now(), settings.slowLogLength());
            } else {
                slowLog.add(command, call, micros, shard.now(), settings.slowLogLength());
            }
        }
        if (nanos >= settings.latencyNanos()) {
            took(command.has(Command.Flag.FAST) ? "fast-command" : "command", nanos);
        }
    }

    /** A client has slept, which counts as a command that took as long. */
    public void slept(Client client, List<byte[]> arguments, long nanos) {
        DiagnosticSettings settings = shard.parts().diagnostics();
        if (nanos >= settings.slowNanos()) {
            slowLog.add(arguments, client, TimeUnit.NANOSECONDS.toMicros(nanos), shard.now(), settings.slowLogLength());
        }
        if (nanos >= settings.latencyNanos()) {
            took("command", nanos);
        }
    }

    @Override
    public void took(String event, long nanos) {
        latency.add(event, TimeUnit.MILLISECONDS.toSeconds(shard.now()), TimeUnit.NANOSECONDS.toMillis(nanos));
    }

    /**
     * Why a client may not run a command, in Redis's words, and noted in the log of what was refused; null if it may.
     *
     * @param context where it stands: {@code toplevel}, {@code multi} or {@code lua}
     */
    public @Nullable String refusal(Client client, Command command, CommandCall call, String context) {
        Rights rights = client.state().user().rights();
        if (rights.mayAll()) {
            return null;
        }
        Denial denial = permissions.check(rights, command, call, 0);
        if (denial == null) {
            return permissions.sortRefusal(rights, command, call);
        }
        refused(client, denial.reason().name().toLowerCase(Locale.ROOT), context,
                denial.reason() == Reason.COMMAND ? command.name() : call.text(denial.argument()),
                client.state().user().name());
        return "NOPERM this user has no permissions to " + switch (denial.reason()) {
            case COMMAND -> "run the '" + command.name() + "' command";
            case KEY -> "access one of the keys used as arguments";
            case CHANNEL -> "access one of the channels used as arguments";
        };
    }

    /** Why a script may not run a command for a user, in Redis's words, and noted; null if it may. */
    public @Nullable String refusalInScript(User user, Command command, CommandCall call) {
        Rights rights = user.rights();
        Denial denial = rights.mayAll() ? null : permissions.check(rights, command, call, 0);
        if (denial == null) {
            return rights.mayAll() ? null : permissions.sortRefusal(rights, command, call);
        }
        aclLog.add(denial.reason().name().toLowerCase(Locale.ROOT), "lua",
                denial.reason() == Reason.COMMAND ? command.name() : call.text(denial.argument()), user.name(),
                shard.now(), "", shard.parts().diagnostics().aclLogLength());
        return "ERR The user executing the script " + switch (denial.reason()) {
            case COMMAND -> "can't run this command or subcommand";
            case KEY -> "can't access at least one of the keys mentioned in the command arguments";
            case CHANNEL -> "can't publish to the channel mentioned in the command";
        };
    }

    /** Notes what was refused to a client. */
    public void refused(Client client, String reason, String context, String object, String user) {
        long now = shard.now();
        aclLog.add(reason, context, object, user, now, ClientInfo.line(client, now),
                shard.parts().diagnostics().aclLogLength());
    }
}
