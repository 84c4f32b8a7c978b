package org.espalier.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A library that needs version {@code libnext.so.12} of another, on a machine that has {@code
 * libnext.so.13} only; both made by gcc, with versioned symbols as CUDA's have.
 */
class ElfTest {
  @TempDir private Path folder;

  @BeforeEach
  void gcc() {
    Gcc.need();
  }

  @Test
  void aLibraryLoadsWhereOnlyTheNextMajorVersionIs() throws Throwable {
    Path user = user();
    makeNext("13");
    assertThatThrownBy(() -> System.load(user.toString()))
        .isInstanceOf(UnsatisfiedLinkError.class)
        .hasMessageContaining("libnext.so.12");

    Path patched = folder.resolve("libpatched.so");
    Files.write(patched, Elf.rename(Files.readAllBytes(user), "libnext.so.12", "libnext.so.13"));
    System.load(folder.resolve("libnext.so.13").toString());
    System.load(patched.toString());
    var ask =
        Linker.nativeLinker()
            .downcallHandle(
                SymbolLookup.libraryLookup(patched, Arena.global()).find("ask").orElseThrow(),
                FunctionDescriptor.of(ValueLayout.JAVA_INT));
    assertThat((int) ask.invokeExact()).isEqualTo(13);
  }

  @Test
  void namesOfAnotherLengthAreRefused() throws IOException {
    byte[] user = Files.readAllBytes(user());
    assertThatThrownBy(() -> Elf.rename(user, "libnext.so.12", "libnext.so.130"))
        .hasMessageContaining("length");
  }

  @Test
  void whatIsNoElfFileIsRefused() {
    assertThatThrownBy(() -> Elf.rename(new byte[100], "a", "b")).hasMessageContaining("ELF");
  }

  private Path user() throws IOException {
    makeNext("12");
    Path source = folder.resolve("user.c");
    Files.writeString(source, "int next(void); int ask(void) { return next(); }\n");
    Path user = folder.resolve("libuser.so");
    Gcc.run("-shared", "-fPIC", source, folder.resolve("libnext.so.12"), "-o", user);
    Files.delete(folder.resolve("libnext.so.12"));
    return user;
  }

  /** As cuBLAS does, it names the version of its symbols by its file's name. */
  private void makeNext(String major) throws IOException {
    String name = "libnext.so." + major;
    Path source = folder.resolve("next.c");
    Files.writeString(source, "int next(void) { return " + major + "; }\n");
    Path versions = folder.resolve("versions");
    Files.writeString(versions, name + " { global: next; };\n");
    Gcc.run(
        "-shared",
        "-fPIC",
        "-Wl,-soname," + name,
        "-Wl,--version-script=" + versions,
        source,
        "-o",
        folder.resolve(name));
  }
}
