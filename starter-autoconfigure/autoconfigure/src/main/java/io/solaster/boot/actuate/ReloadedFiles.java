package io.solaster.boot.actuate;

import java.util.List;
import java.util.Optional;

import io.solaster.config.check.ConfigDiff;
import io.solaster.config.check.ConfigDiff.Change;
import io.solaster.config.check.ConfigTree;
import io.solaster.spring.reload.ConfigReloader;
import io.solaster.spring.reload.ReloadStatus;
import io.solaster.spring.reload.ReloadStatus.State;

/** What the reloader of configuration files knows, as endpoints and health ask for it. */
final class ReloadedFiles implements ConfigReloads {
    private final ConfigReloader reloader;

    ReloadedFiles(ConfigReloader reloader) {
        this.reloader = reloader;
    }

    @Override
    public boolean isReloadable(String key) {
        return ConfigTree.isReloadable(key);
    }

    @Override
    public Optional<Last> last() {
        ReloadStatus status = reloader.status();
        if (status.at() == null) {
            return Optional.empty();
        }
        boolean refused = status.isWarning();
        List<String> changed = status.diff().changes().stream().map(Change::key).toList();
        List<String> restart = status.state() == State.NEEDS_RESTART
                ? status.diff().needingRestart().stream().map(Change::key).toList()
                : List.of();
        return Optional.of(new Last(status.at(), !refused, refused ? List.of() : changed, restart,
                refused ? String.join("; ", status.problems()) : null));
    }
}
