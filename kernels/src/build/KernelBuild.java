import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Compiles the kernels: by nvcc into fatbins for the jar, by g++ into the emulator's libcuda. What
 * has been compiled is kept by the hash of all that went into it. A compiler that is not there is
 * no error, and is said in one line.
 *
 * <p>Usage, in the module's root: {@code java src/build/KernelBuild.java fatbin OUT CACHE PTX} and
 * {@code java src/build/KernelBuild.java emulator OUT CACHE}
 */
final class KernelBuild {
  private static final Path CUDA = Path.of("src/main/cuda");
  private static final Path EMULATOR = Path.of("src/test/emulator");

  /**
   * The texts serve every device since Turing and every driver, those of CUDA 11 too, which read no
   * binaries of nvcc 13; cubins save them being compiled there. As in Ptx.java: the devices, and
   * the version that has what the text needs, for nvcc claims one of its own age. The last is what
   * the cubins are made of.
   */
  private static final Map<String, String> PTX = new TreeMap<>(Map.of("75", "6.4", "80", "7.0"));

  private static final List<String> CUBINS = List.of("80", "90", "100", "120");

  /** Names that the emulator has beside libcuda.so.1: it is these libraries too. */
  private static final List<String> ALSO =
      List.of("libcublas.so.13", "libcublasLt.so.13", "libcudnn.so.9");

  /** What the assembler says of registers and memory, kept beside the texts. */
  private static final String USAGE = ".usage";

  private static final Pattern KERNEL =
      Pattern.compile(
          "(?:KERNEL|extern\\s+\"C\"\\s+__global__\\s+void)\\s+"
              + "(?:__launch_bounds__\\s*\\(([^),]*)[^)]*\\)\\s*)?(\\w+)\\s*\\(");

  private KernelBuild() {}

  public static void main(String[] args) throws Exception {
    Path out = Path.of(args[1]);
    Path cache = Path.of(args[2]);
    Files.createDirectories(out);
    Files.createDirectories(cache);
    switch (args[0]) {
      case "fatbin" -> fatbins(out, cache, Path.of(args[3]));
      case "emulator" -> emulator(out, cache);
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  // ---- nvcc

  private static void fatbins(Path out, Path cache, Path texts) throws Exception {
    List<Path> sources = files(CUDA, ".cu", ".cuh");
    clear(out);
    clear(texts);
    for (Path source : sources) {
      Files.copy(source, out.resolve(name(source)), StandardCopyOption.REPLACE_EXISTING);
    }
    Files.writeString(
        out.resolve("kernels.list"),
        String.join("\n", sources.stream().map(KernelBuild::name).sorted().toList()) + "\n");
    boolean here = "here".equals(System.getProperty("kernels.for"));
    Optional<Path> nvcc =
        Boolean.getBoolean("nvcc.skip") || here && !driver() ? Optional.empty() : nvcc();
    if (nvcc.isEmpty()) {
      System.out.println(
          Boolean.getBoolean("nvcc.skip") || here
              ? "kernels: not compiled: "
                  + (here ? "this machine has no NVIDIA driver" : "nvcc.skip")
              : "kernels: no nvcc found (CUDA_HOME, the PATH, /usr/local/cuda): NVRTC compiles them"
                  + " at run time");
      return;
    }
    Files.createDirectories(texts);
    String version = output(List.of(nvcc.get().toString(), "--version"));
    List<Callable<Path>> jobs = new ArrayList<>();
    for (Path source : files(CUDA, ".cu")) {
      String hash =
          hash(
              version,
              String.join(",", CUBINS),
              PTX.toString(),
              "with " + USAGE,
              headers(),
              Files.readString(source));
      Path done = cache.resolve(stem(source) + "-" + hash + ".fatbin");
      Path target = out.resolve(stem(source) + ".fatbin");
      jobs.add(
          () -> {
            if (!Files.exists(done)) {
              fatbin(nvcc.get(), source, done, cache);
              System.out.println("kernels: " + name(source) + " compiled by nvcc");
            }
            for (String least : PTX.keySet()) {
              String name = stem(source) + "." + least + ".ptx";
              Files.copy(ptx(done, least), texts.resolve(name));
              Files.copy(ptx(done, least), out.resolve(name));
            }
            Files.copy(usage(done), texts.resolve(stem(source) + USAGE));
            return Files.copy(done, target);
          });
    }
    all(jobs);
  }

  /** Whether kernels would have a use on this machine. */
  private static boolean driver() {
    return Stream.of(
            "/usr/lib/x86_64-linux-gnu",
            "/usr/lib64",
            "/usr/lib/wsl/lib",
            "/usr/local/nvidia/lib64")
        .anyMatch(folder -> Files.exists(Path.of(folder, "libcuda.so.1")));
  }

  private static void fatbin(Path nvcc, Path source, Path done, Path cache) throws Exception {
    Path work = Files.createTempDirectory(cache, "nvcc");
    List<String> flags = List.of("-std=c++17", "-O3", "-I", CUDA.toString(), source.toString());
    List<String> bind = new ArrayList<>();
    bind.add(nvcc.resolveSibling("fatbinary").toString());
    bind.add("-64");
    bind.add("--create=" + work.resolve("kernel.fatbin"));
    Path modern = work;
    for (Map.Entry<String, String> text : PTX.entrySet()) {
      modern = work.resolve(text.getKey() + ".ptx");
      nvcc(nvcc, flags, "-ptx", "-arch=compute_" + text.getKey(), "-o", modern.toString());
      Path lowered = Path.of(ptx(done, text.getKey()) + ".new");
      Files.writeString(
          lowered,
          Files.readString(modern)
              .replaceFirst("(?m)^\\.version [0-9.]+", ".version " + text.getValue()));
      Files.move(lowered, ptx(done, text.getKey()), StandardCopyOption.ATOMIC_MOVE);
    }
    // One text serves for all cubins: the front end takes longer than the assembler.
    StringBuilder usage = new StringBuilder();
    for (String sm : CUBINS) {
      Path cubin = work.resolve(sm + ".cubin");
      usage.append(
          output(
              List.of(
                  nvcc.resolveSibling("ptxas").toString(),
                  "-O3",
                  "-v",
                  "-arch=sm_" + sm,
                  modern.toString(),
                  "-o",
                  cubin.toString())));
      bind.add("--image3=kind=elf,sm=" + sm + ",file=" + cubin);
    }
    output(bind);
    Files.writeString(usage(done), usage);
    Files.move(work.resolve("kernel.fatbin"), done, StandardCopyOption.ATOMIC_MOVE);
    clear(work);
    Files.delete(work);
  }

  private static Path ptx(Path fatbin, String target) {
    return Path.of(fatbin + "." + target + ".ptx");
  }

  private static Path usage(Path fatbin) {
    return Path.of(fatbin + USAGE);
  }

  private static void clear(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      for (Path file : files(folder, "")) {
        Files.delete(file);
      }
    }
  }

  private static void nvcc(Path nvcc, List<String> flags, String... more) throws Exception {
    List<String> command = new ArrayList<>(List.of(nvcc.toString()));
    command.addAll(flags);
    command.addAll(List.of(more));
    output(command);
  }

  /** The nvcc to use, with links resolved: its own tools lie beside it. */
  private static Optional<Path> nvcc() throws IOException {
    List<Path> places = new ArrayList<>();
    String home = System.getenv("CUDA_HOME");
    if (home != null) {
      places.add(Path.of(home, "bin"));
    }
    places.addAll(path());
    places.add(Path.of("/usr/local/cuda/bin"));
    for (Path place : places) {
      Path found = place.resolve("nvcc");
      if (Files.isExecutable(found)
          && Files.exists(found.toRealPath().resolveSibling("fatbinary"))) {
        return Optional.of(found.toRealPath());
      }
    }
    return Optional.empty();
  }

  // ---- g++

  private static void emulator(Path out, Path cache) throws Exception {
    Path library = out.resolve("libcuda.so.1");
    Optional<Path> compiler =
        path().stream().map(p -> p.resolve("g++")).filter(Files::isExecutable).findFirst();
    boolean here =
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64");
    if (compiler.isEmpty() || !here) {
      System.out.println(
          "emulator: "
              + (here ? "no g++ on the PATH" : "only for Linux on x86-64")
              + ": the tests of the CUDA back end are skipped");
      Files.deleteIfExists(library);
      return;
    }
    String gcc = compiler.get().toString();
    String version = output(List.of(gcc, "--version"));
    StringBuilder shared = new StringBuilder(version).append(headers());
    for (Path header : files(EMULATOR, ".h")) {
      shared.append(Files.readString(header));
    }
    List<Path> sources = files(EMULATOR, ".cpp");
    for (Path kernels : files(CUDA, ".cu")) {
      sources.add(wrapper(kernels, cache));
    }
    List<Callable<Path>> jobs = new ArrayList<>();
    StringBuilder parts = new StringBuilder();
    for (Path source : sources) {
      String text = Files.readString(source);
      Path cu = CUDA.resolve(stem(source) + ".cu");
      String hash =
          hash(shared.toString(), "aligned", text, Files.exists(cu) ? Files.readString(cu) : "");
      Path object = cache.resolve(stem(source) + "-" + hash + ".o");
      parts.append(object).append('\n');
      jobs.add(() -> Files.exists(object) ? object : object(gcc, source, Files.exists(cu), object));
    }
    List<Path> objects = all(jobs);
    Path stamp = cache.resolve("emulator.parts");
    boolean fresh =
        Files.exists(library)
            && Files.exists(stamp)
            && Files.readString(stamp).contentEquals(parts + library.toString());
    if (!fresh) {
      List<String> link =
          new ArrayList<>(
              List.of(gcc, "-shared", "-Wl,-soname,libcuda.so.1", "-Wl,-Bsymbolic", "-o"));
      Path linked = out.resolve("libcuda.new");
      link.add(linked.toString());
      objects.forEach(o -> link.add(o.toString()));
      output(link);
      Files.move(linked, library, StandardCopyOption.ATOMIC_MOVE);
      Files.writeString(stamp, parts + library.toString());
    }
    for (String name : ALSO) {
      Files.deleteIfExists(out.resolve(name));
      Files.createSymbolicLink(out.resolve(name), library.getFileName());
    }
  }

  private static Path object(String gcc, Path source, boolean kernels, Path object)
      throws Exception {
    Path made = Path.of(object + ".new");
    output(
        List.of(
            gcc,
            // A GPU faults where a vector is not at a multiple of its size; fibers.cpp is told so.
            kernels ? "-fsanitize=alignment" : "-fno-sanitize=all",
            kernels ? "-fno-sanitize-recover=alignment" : "-fno-sanitize-recover=all",
            "-std=c++17",
            "-O2",
            "-ffp-contract=off",
            "-fPIC",
            "-w",
            "-I",
            EMULATOR.toString(),
            "-I",
            CUDA.toString(),
            "-c",
            source.toString(),
            "-o",
            made.toString()));
    return Files.move(made, object, StandardCopyOption.ATOMIC_MOVE);
  }

  /** A C++ file that includes a kernel file and makes its kernels known by name. */
  private static Path wrapper(Path kernels, Path cache) throws IOException {
    StringBuilder text = new StringBuilder("#include \"emulator.h\"\n");
    // Without linkage, shared variables of templates can go to the section that is poisoned.
    text.append("namespace {\n#include \"").append(kernels.toAbsolutePath()).append("\"\n}\n");
    text.append("#include \"register.h\"\n");
    Matcher matcher = KERNEL.matcher(Files.readString(kernels));
    while (matcher.find()) {
      String threads = matcher.group(1) == null ? "1024" : matcher.group(1);
      text.append(
          "static emu::Registration emu_%1$s(\"%1$s\", %1$s, %2$s);\n"
              .formatted(matcher.group(2), threads));
    }
    Path wrapper = cache.resolve(stem(kernels) + ".cpp");
    if (!Files.exists(wrapper) || !Files.readString(wrapper).contentEquals(text)) {
      Files.writeString(wrapper, text);
    }
    return wrapper;
  }

  // ---- common

  private static String headers() throws IOException {
    StringBuilder text = new StringBuilder();
    for (Path header : files(CUDA, ".cuh")) {
      text.append(Files.readString(header));
    }
    return text.toString();
  }

  private static List<Path> files(Path folder, String... ends) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return new ArrayList<>(
          files.filter(f -> Stream.of(ends).anyMatch(name(f)::endsWith)).sorted().toList());
    }
  }

  private static List<Path> path() {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .filter(p -> !p.isBlank())
        .map(Path::of)
        .toList();
  }

  private static String name(Path file) {
    return file.getFileName().toString();
  }

  private static String stem(Path file) {
    return name(file).replaceFirst("\\.[^.]*$", "");
  }

  private static String hash(String... parts) throws NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    for (String part : parts) {
      digest.update(part.getBytes(java.nio.charset.StandardCharsets.UTF_8));
      digest.update((byte) 0);
    }
    return HexFormat.of().formatHex(digest.digest(), 0, 8);
  }

  private static <T> List<T> all(List<Callable<T>> jobs) throws Exception {
    List<T> results = new ArrayList<>();
    try (ExecutorService pool =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
      for (Future<T> future : pool.invokeAll(jobs)) {
        results.add(future.get());
      }
    } catch (ExecutionException e) {
      System.err.println(e.getCause().getMessage());
      System.exit(1);
    }
    return results;
  }

  private static String output(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + "\n" + output);
    }
    return output;
  }
}
