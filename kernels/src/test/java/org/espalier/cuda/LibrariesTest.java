package org.espalier.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibrariesTest {
  @TempDir private Path folder;

  @Test
  void cuda12IsTakenBeforeCuda13WhateverTheFolders() throws IOException {
    Path first = folder(file("first/libnvrtc.so.13"));
    assertThat(Libraries.of(List.of(first)).cuda("libnvrtc.so"))
        .isEqualTo(first.resolve("libnvrtc.so.13"));
    Path second = folder(file("second/libnvrtc.so.12"));
    assertThat(Libraries.of(List.of(first, second)).cuda("libnvrtc.so"))
        .isEqualTo(second.resolve("libnvrtc.so.12"));
  }

  @Test
  void theFirstFolderThatHasALibraryCounts() throws IOException {
    Path first = folder(file("first/libcudnn.so.9"));
    Path second = folder(file("second/libcudnn.so.9"));
    Path none = folder.resolve("none");
    assertThat(Libraries.of(List.of(none, second, first)).exactly("libcudnn.so.9"))
        .isEqualTo(second.resolve("libcudnn.so.9"));
    assertThat(Libraries.of(List.of(none)).exactly("libcudnn.so.9")).isNull();
  }

  @Test
  void aCompanionLiesBesideItsLibrary() throws IOException {
    Path library = file("lib/libnvrtc.so.13");
    Path builtins = file("lib/libnvrtc-builtins.so.13.0");
    assertThat(Libraries.beside(library, "libnvrtc-builtins.so.")).isEqualTo(builtins);
    assertThat(Libraries.beside(library, "libother.so.")).isNull();
  }

  private static Path folder(Path file) {
    return Objects.requireNonNull(file.getParent());
  }

  private Path file(String name) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(folder(file));
    return Files.createFile(file);
  }
}
