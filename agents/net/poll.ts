import koffi from "koffi";

const uv = koffi.load(null);
const defaultLoop = uv.func("void *uv_default_loop()");
const handleSize = uv.func("size_t uv_handle_size(int type)");
const pollInit = uv.func("int uv_poll_init(void *loop, void *handle, int fd)");
const pollCallback = koffi.proto("void UvPollCallback(void *handle, int status, int events)");
const pollStart = uv.func("uv_poll_start", "int", ["void *", "int", koffi.pointer(pollCallback)]);
const pollStop = uv.func("int uv_poll_stop(void *handle)");

const UV_POLL = 8;
const UV_READABLE = 1;

/** Watches one descriptor; must be stopped before the descriptor is closed. */
export interface ReadableWatch {
  start(): void;
  stop(): void;
}

/**
 * Calls `onReadable` whenever `fd` can be read, through Node's own event loop (libuv's uv_poll): packet and netlink
 * sockets have no wrapper in Node. The watch has yet to be started. The handle's memory is kept for the life of the process; there
 * are a handful.
 */
export function readableWatch(fd: number, onReadable: () => void): ReadableWatch {
  const handle = koffi.alloc("uint8_t", Number(handleSize(UV_POLL)));
  const status = pollInit(defaultLoop(), handle, fd) as number;
  if (status < 0) throw new Error(`uv_poll_init: ${status}`);
  const callback = koffi.register(() => onReadable(), koffi.pointer(pollCallback));
  return {
    start: () => void pollStart(handle, UV_READABLE, callback),
    stop: () => void pollStop(handle),
  };
}

/** A watch that is started already. */
export function watchReadable(fd: number, onReadable: () => void): ReadableWatch {
  const watch = readableWatch(fd, onReadable);
  watch.start();
  return watch;
}
