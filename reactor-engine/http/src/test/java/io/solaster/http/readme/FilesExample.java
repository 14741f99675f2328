package io.solaster.http.readme;

import java.nio.file.Path;

import io.solaster.http.files.StaticFiles;
import io.solaster.http.route.Router;

final class FilesExample {

    private FilesExample() {}

    static Router run(Path web) {
        return Router.builder()
                .get("/assets/{*path}", StaticFiles.of(web).withCacheControl("public, max-age=31536000, immutable"))
                .get("/{*path}", StaticFiles.ofClassPath(FilesExample.class.getClassLoader(), "static-files"))
                .build();
    }
}
