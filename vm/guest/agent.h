/* The agent: JSON lines on the port `berth.agent`, in a process of its own. */
#pragma once
void agent_main(int control);
