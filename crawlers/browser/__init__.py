"""Pages that only a browser can read: Chromium, driven by Playwright, behind a proxy that guards every address.

Everything that a browser asks for leaves through `proxy.py`: pages, redirects, scripts, frames, web sockets. What it
would send past a proxy (its own name look-ups, QUIC, WebRTC) is switched off in `launch.py`.
"""
