export default { title: 'Button', render: ({ label }) => `<button>${label}</button>` }

export const Plain = { args: { label: 'Buy' } }
