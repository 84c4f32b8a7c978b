package org.espalier.search;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import org.espalier.InputException;
import org.espalier.backend.Accelerator;
import org.espalier.backend.Backend;
import org.espalier.backend.Conv;
import org.espalier.backend.DeviceException;
import org.espalier.backend.Memory;
import org.espalier.backend.cpu.CpuBackends;
import org.espalier.backend.cpu.EjmlBackend;

/** The devices that a run can compute on: those of the CPU, and accelerators found at run time. */
public final class Devices {
  private static final System.Logger LOG = System.getLogger(Devices.class.getName());

  private Devices() {}

  /**
   * A device.
   *
   * @param detail what it uses, or why it is not available
   */
  public record Device(String name, boolean available, String detail) {}

  /** A device's name and, behind commas, how it is to compute. */
  private record Wanted(String name, List<String> options) {
    static Wanted of(String text) {
      List<String> parts = List.of(text.split(",", -1));
      return new Wanted(parts.getFirst(), parts.subList(1, parts.size()));
    }

    /** Only accelerators have options. */
    void requireNoOptions() {
      if (!options.isEmpty()) {
        throw new InputException(
            "device %s has no option '%s': only accelerators have, as in cuda,tf32"
                .formatted(name, options.getFirst()));
      }
    }

    void requireKnown(List<String> known) {
      for (String option : options) {
        if (!known.contains(option)) {
          throw new InputException(
              "unknown option '%s' of device %s; known: %s"
                  .formatted(option, name, String.join(", ", known)));
        }
      }
    }
  }

  /** Every device, available or not, the fastest first. */
  public static List<Device> all() {
    List<Device> devices = new ArrayList<>();
    for (Accelerator accelerator : accelerators()) {
      String whyNot = accelerator.whyNot();
      devices.add(
          new Device(
              accelerator.name(), whyNot == null, whyNot == null ? accelerator.detail() : whyNot));
    }
    if (devices.isEmpty()) {
      devices.add(new Device("cuda", false, "no CUDA back end in this build"));
    }
    String noSimd = CpuBackends.whyNot();
    devices.add(
        new Device(
            "simd", noSimd == null, noSimd == null ? "Vector API, several threads" : noSimd));
    devices.add(new Device("ejml", true, "portable, one thread"));
    return devices;
  }

  /** What the accelerators looked for on this machine. */
  public static List<Accelerator.Finding> findings() {
    return accelerators().stream().flatMap(each -> each.findings().stream()).toList();
  }

  /**
   * Opens a device.
   *
   * @param text the name of one of {@link #all}, with options of it behind commas (cuda,tf32), or
   *     auto for the fastest that is available
   * @param threads of a CPU device; 0: all cores
   * @throws InputException if there is none of that name, or it is not available
   */
  public static Backend open(String text, int threads) {
    Wanted wanted = Wanted.of(text);
    String name = wanted.name();
    if (name.equals("auto")) {
      wanted.requireNoOptions();
    }
    Optional<Accelerator> accelerator = accelerator(name);
    if (accelerator.isPresent()) {
      wanted.requireKnown(accelerator.get().options());
      try {
        return accelerator.get().open(wanted.options());
      } catch (DeviceException e) {
        if (!name.equals("auto")) {
          throw e;
        }
        LOG.log(System.Logger.Level.WARNING, "the CPU serves: " + e.getMessage());
      }
    }
    int cores = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    if (name.equals("auto")) {
      String noSimd = CpuBackends.whyNot();
      if (noSimd == null) {
        return CpuBackends.simd(cores);
      }
      LOG.log(System.Logger.Level.WARNING, "the portable back end serves, slowly: " + noSimd);
      return new EjmlBackend();
    }
    Device device =
        all().stream()
            .filter(each -> each.name().equals(name))
            .findFirst()
            .orElseThrow(
                () ->
                    new InputException(
                        "unknown device '"
                            + name
                            + "'; known: auto, "
                            + all().stream().map(Device::name).collect(Collectors.joining(", "))));
    if (!device.available()) {
      throw new InputException("device " + name + " is not available: " + device.detail());
    }
    wanted.requireNoOptions();
    return name.equals("simd") ? CpuBackends.simd(cores) : new EjmlBackend();
  }

  /**
   * What a run may fill where it computes: the device's free memory, or the heap's room.
   *
   * @param name as for {@link #open}
   */
  public static MemoryLimit memoryLimit(String name) {
    return accelerator(Wanted.of(name).name())
        .map(each -> MemoryLimit.ofDevice(each.name(), each.freeMemory()))
        .orElseGet(MemoryLimit::ofHeap);
  }

  /** Whether what serves under a name has memory of its own. */
  static boolean hasMemory(String text) {
    return accelerator(Wanted.of(text).name()).isPresent();
  }

  /** Bytes that what serves under a name takes of its own memory: {@link Accelerator#workspace}. */
  static Optional<Long> workspace(String text, Collection<List<Conv>> fans, long buffers) {
    Wanted wanted = Wanted.of(text);
    return accelerator(wanted.name()).map(each -> each.workspace(wanted.options(), fans, buffers));
  }

  /** Bytes of each size that the pool of a device holds beyond the need: {@link Memory}. */
  static long spare(String text) {
    return hasMemory(text) ? Memory.SPARE_BYTES : 0;
  }

  /** The accelerator that serves under a name, if one does. */
  private static Optional<Accelerator> accelerator(String name) {
    return switch (name) {
      case "simd", "ejml" -> Optional.empty();
      case "auto" -> accelerators().stream().filter(each -> each.whyNot() == null).findFirst();
      default ->
          accelerators().stream()
              .filter(each -> each.name().equals(name) && each.whyNot() == null)
              .findFirst();
    };
  }

  private static List<Accelerator> accelerators() {
    return Found.ALL;
  }

  /** Looked for once, and only if a device is asked for. */
  private static final class Found {
    static final List<Accelerator> ALL =
        ServiceLoader.load(Accelerator.class, Devices.class.getClassLoader()).stream()
            .map(ServiceLoader.Provider::get)
            .toList();
  }
}
