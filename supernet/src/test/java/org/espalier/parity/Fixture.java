package org.espalier.parity;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.cpu.CpuBackends;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.check.BackendConformance;
import org.espalier.checkpoint.Safetensors;
import org.espalier.nn.Parameter;
import org.espalier.nn.ParameterArena;
import org.espalier.search.Devices;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.tensor.Shape;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** Numbers that PyTorch computed in double precision: bench/peers/fixtures.py writes them. */
public record Fixture(Safetensors file) {
  private static final @Nullable String DEVICE = System.getProperty("espalier.device");

  /** Reads a fixture from the test resources. */
  public static Fixture of(String name) {
    try (InputStream in =
        Objects.requireNonNull(
            Fixture.class.getResourceAsStream("/parity/" + name + ".safetensors"), name)) {
      return new Fixture(Safetensors.decode(name, in.readAllBytes()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The back ends that are held to the fixtures: those of the CPU, or the device that the property
   * names, for the run of the tests tagged "device" on it.
   */
  public static Stream<Backend> backends() {
    if (DEVICE != null) {
      Assumptions.assumeTrue(
          Devices.all().stream().anyMatch(each -> each.name().equals(DEVICE) && each.available()),
          "there is no " + DEVICE + " here, and no emulator was built");
      return Stream.of(Devices.open(DEVICE, 0)); // JUnit closes it after the test
    }
    Stream<Backend> portable = Stream.of(new EjmlBackend());
    return CpuBackends.simdAvailable()
        ? Stream.concat(portable, Stream.of(CpuBackends.simd(2)))
        : portable;
  }

  public SearchSpace space() {
    return Spaces.of(note("space"));
  }

  /** Channels, cells and classes of the fixture's network, for three input channels. */
  public SearchSpace.Size size() {
    return new SearchSpace.Size(
        Integer.parseInt(note("C")),
        Integer.parseInt(note("N")),
        3,
        Integer.parseInt(note("classes")));
  }

  public String note(String key) {
    return file.metadata().getOrDefault(key, "");
  }

  /** A tensor of the fixture on a device. */
  public Tensor tensor(Backend backend, String name) {
    Safetensors.Entry entry = file.entry(name);
    Buffer buffer = backend.allocate(entry.values().length);
    backend.write(entry.values(), buffer);
    return Tensor.constant(Shape.of(entry.shape()), buffer);
  }

  /**
   * Sets every parameter to the fixture's tensor of its name; none may be missing, none left over.
   */
  public void load(String prefix, ParameterArena arena) {
    List<String> names = arena.parameters().stream().map(p -> prefix + p.name()).toList();
    List<String> stored =
        file.tensors().keySet().stream().filter(name -> name.startsWith(prefix)).toList();
    assertThat(names).containsExactlyInAnyOrderElementsOf(stored);
    float[] all = new float[arena.values().size()];
    for (Parameter parameter : arena.parameters()) {
      Safetensors.Entry entry = file.entry(prefix + parameter.name());
      assertThat(Shape.of(entry.shape())).as(parameter.name()).isEqualTo(parameter.shape());
      System.arraycopy(entry.values(), 0, all, parameter.offset(), entry.values().length);
    }
    arena.backend().write(all, arena.values());
  }

  /**
   * Holds a buffer laid out as an arena to the fixture, relative to the largest value of the whole
   * buffer.
   */
  public void assertArena(String prefix, ParameterArena arena, Buffer buffer, double tolerance) {
    float[] all = read(arena.backend(), buffer);
    float[] wanted = new float[all.length];
    for (Parameter parameter : arena.parameters()) {
      float[] values = file.values(prefix + parameter.name());
      System.arraycopy(values, 0, wanted, parameter.offset(), values.length);
    }
    assertClose(prefix, all, wanted, tolerance);
  }

  /** Holds values to the fixture's tensor of a name. */
  public void assertTensor(String name, float[] values, double tolerance) {
    assertClose(name, values, file.values(name), tolerance);
  }

  public void assertTensor(String name, Backend backend, Buffer buffer, double tolerance) {
    assertTensor(name, read(backend, buffer), tolerance);
  }

  private void assertClose(String what, float[] got, float[] wanted, double tolerance) {
    assertThat(BackendConformance.distance(got, wanted))
        .as("%s, relative error", what)
        .isLessThan(tolerance);
  }

  public static float[] read(Backend backend, Buffer buffer) {
    float[] values = new float[buffer.size()];
    backend.read(buffer, values);
    return values;
  }
}
